import { connect, createServer, type Server, type Socket } from "node:net";
import { DelayedPipe } from "./delayed-pipe.ts";
import { PubSubFilter } from "./pub-sub-filter.ts";

/** What goes wrong between a server and Redis. */
export interface Trouble {
  /** Nothing passes from Redis any more; connections stay open. */
  readonly stalled?: boolean;
  /** Published messages get lost; answers to PING pass. */
  readonly swallowMessages?: boolean;
  /** So late arrives what the server asks, and what Redis answers, in milliseconds. */
  readonly requestsLateMs?: number;
  readonly answersLateMs?: number;
  /** New connections are refused at once. */
  readonly closed?: boolean;
}

interface Connection {
  readonly server: Socket;
  readonly redis: Socket;
  readonly pipes: readonly DelayedPipe[];
  subscriber: boolean;
  /** Nothing comes from Redis on this one, as long as it lives. */
  dead: boolean;
}

const subscribes = /\$\d+\r\n[ps]?subscribe\r\n/i;

/** A TCP proxy in front of Redis that makes trouble when it is told to. */
export class ChaosProxy {
  readonly #listener: Server;
  readonly #redisPort: number;
  readonly #connections = new Set<Connection>();
  #trouble: Trouble = {};

  private constructor(redisPort: number) {
    this.#redisPort = redisPort;
    this.#listener = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  static async start(redisPort: number): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(redisPort);
    await new Promise<void>((resolve, reject) => {
      proxy.#listener.once("error", reject);
      proxy.#listener.listen(0, "127.0.0.1", resolve);
    });
    return proxy;
  }

  get url(): string {
    const address = this.#listener.address();
    if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
    return `redis://127.0.0.1:${address.port}`;
  }

  /** From now on, instead of what was before; `{}` is none. */
  make(trouble: Trouble): void {
    this.#trouble = trouble;
    for (const { pipes } of this.#connections) for (const pipe of pipes) pipe.flush();
  }

  /** The connections that have subscribed to something stay open, and nothing comes on them any more. Returns how many. */
  deaden(): number {
    const chosen = [...this.#connections].filter(({ subscriber, dead }) => subscriber && !dead);
    for (const connection of chosen) connection.dead = true;
    return chosen.length;
  }

  /** Resets connections. Returns how many. */
  cut(which: "subscribers" | "all"): number {
    const chosen = [...this.#connections].filter(({ subscriber }) => which === "all" || subscriber);
    for (const { server, redis } of chosen) {
      server.resetAndDestroy();
      redis.destroy();
    }
    return chosen.length;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#listener.close(resolve));
    this.cut("all");
    await closed;
  }

  #accept(server: Socket): void {
    if (this.#trouble.closed === true) {
      server.resetAndDestroy();
      return;
    }
    const redis = connect({ port: this.#redisPort, host: "127.0.0.1", noDelay: true });
    const requests = new DelayedPipe(redis, () => ({ stalled: false, delayMs: this.#trouble.requestsLateMs ?? 0 }));
    const answers = new DelayedPipe(server, () => {
      const { stalled = false, answersLateMs = 0 } = this.#trouble;
      return { stalled: stalled || connection.dead, delayMs: answersLateMs };
    });
    const connection: Connection = { server, redis, pipes: [requests, answers], subscriber: false, dead: false };
    this.#connections.add(connection);
    const filter = new PubSubFilter();
    server.on("data", (bytes) => {
      if (!connection.subscriber && subscribes.test(bytes.toString("latin1"))) connection.subscriber = true;
      requests.push(bytes);
    });
    redis.on("data", (bytes) => answers.push(filter.pass(bytes, this.#trouble.swallowMessages === true)));
    for (const socket of [server, redis]) {
      // "close" follows, and says all there is to say.
      socket.on("error", () => {});
      socket.once("close", () => {
        this.#connections.delete(connection);
        for (const pipe of connection.pipes) pipe.end();
        server.destroy();
        redis.destroy();
      });
    }
  }
}
