import type { WrapHandler } from "../metrics/observed-rpcs.ts";
import type { StoreObserver } from "../metrics/observed-store.ts";

/** Spans of what a server does. What makes them is loaded only where somebody wants them. */
export interface Tracing {
  /** A server span of each unary call, below the caller's. */
  readonly rpcs: WrapHandler;
  /** A client span of each request to the store called `name`, below the call's. */
  store(name: string): StoreObserver;
  /** Sends what is left, for a second at most. Never fails. */
  close(): Promise<void>;
}
