import { X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  Client,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientReadableStream,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type MethodDefinition,
} from "@grpc/grpc-js";
import { toClientError } from "./error-translation.ts";
import { PresenceClientError } from "./presence-client-error.ts";
import { type RetryPolicy, retryDelayMs } from "./retry-policy.ts";

/**
 * Proves who calls. A function is asked for each call and each stream that is opened, so that a token may end and another one take its place;
 * what it returns must still be valid when it arrives. One that throws makes the call, or the next try of a stream, `UNAVAILABLE`.
 */
export type Token = string | (() => string);

/** What a connection by TLS needs, in PEM. */
export interface TlsFiles {
  /** The certificate authority of the server. Without it the connection is plain text. */
  readonly tlsCa?: string | Uint8Array | undefined;
  /** Where the server asks who calls: the client's own certificate, and those between it and its authority. */
  readonly tlsCert?: string | Uint8Array | undefined;
  /** The key of that certificate. */
  readonly tlsKey?: string | Uint8Array | undefined;
}

export interface CallerOptions {
  /** `host:port`. */
  readonly server: string;
  readonly user: string | undefined;
  readonly token: Token | undefined;
  readonly tls: TlsFiles;
  readonly deadlineMs: number;
  readonly retry: RetryPolicy;
}

type UnaryMethod<Request, Response> = Pick<MethodDefinition<Request, Response>, "path" | "requestSerialize" | "responseDeserialize">;

/** One channel to a server, and how every unary call goes over it: with metadata, a deadline, retries and one kind of error. */
export class UnaryCaller {
  readonly #client: Client;
  readonly #metadata: () => Metadata;
  /** How long a call may take in all, in milliseconds. */
  readonly deadlineMs: number;
  readonly #retry: RetryPolicy;
  readonly #open = new Set<ClientUnaryCall>();
  readonly #closing = new AbortController();

  constructor({ server, user, token, tls, deadlineMs, retry }: CallerOptions) {
    this.#metadata = metadataSource(user, token);
    this.#client = new Client(server, channelCredentials(tls), channelOptions(retry));
    this.deadlineMs = deadlineMs;
    this.#retry = retry;
  }

  /**
   * The answer, after as many tries as the policy and the deadline allow.
   * @throws PresenceClientError
   */
  async call<Request, Response>(method: UnaryMethod<Request, Response>, request: Request): Promise<Response> {
    // Monotonic: a wall clock that is set back must not make a call wait longer.
    const deadline = performance.now() + this.deadlineMs;
    for (let attempts = 1; ; attempts++) {
      try {
        return await this.#attempt(method, request, deadline - performance.now());
      } catch (cause) {
        const error = toClientError(cause);
        const delay = retryDelayMs(this.#retry, error, attempts, deadline - performance.now(), Math.random());
        if (delay === undefined) throw error;
        await this.#pause(delay);
      }
    }
  }

  /** Opens a stream of responses; it has no deadline. @throws PresenceClientError where there is no token for it */
  stream<Request, Response>(method: UnaryMethod<Request, Response>, request: Request): ClientReadableStream<Response> {
    const { path, requestSerialize, responseDeserialize } = method;
    return this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, this.#metadata());
  }

  /** Opens a stream of requests and responses; it has no deadline. @throws PresenceClientError where there is no token for it */
  duplex<Request, Response>(method: UnaryMethod<Request, Response>): ClientDuplexStream<Request, Response> {
    return this.#client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, this.#metadata());
  }

  /** Aborted when the channel is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Ends the channel and all calls on it. */
  close(): void {
    this.#closing.abort();
    for (const call of this.#open) call.cancel();
    this.#client.close();
  }

  #attempt<Request, Response>(method: UnaryMethod<Request, Response>, request: Request, remainingMs: number): Promise<Response> {
    if (this.#closing.signal.aborted) throw closed();
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        this.#metadata(),
        { deadline: Date.now() + remainingMs },
        (error, response) => {
          this.#open.delete(call);
          if (response === undefined) reject(error ?? new PresenceClientError("INTERNAL", "neither an answer nor an error"));
          else resolve(response);
        },
      );
      this.#open.add(call);
    });
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#closing;
    await sleep(ms, undefined, { signal }).catch((cause: unknown) => {
      throw signal.aborted ? closed() : cause;
    });
  }
}

function closed(): PresenceClientError {
  return new PresenceClientError("CANCELLED", "the client is closed");
}

function metadataSource(user: string | undefined, token: Token | undefined): () => Metadata {
  if (typeof token === "function") return () => callerMetadata(user, ask(token));
  const metadata = callerMetadata(user, token);
  return () => metadata;
}

/** @throws PresenceClientError `UNAVAILABLE`: whoever gives it out may be back in a moment */
function ask(token: () => string): string {
  try {
    return token();
  } catch (cause) {
    throw new PresenceClientError("UNAVAILABLE", "there is no token for this call: the function that gives it has failed", { cause });
  }
}

// grpc-js names the offending value in its error, and a token must not end up in a log.
function callerMetadata(user: string | undefined, token: string | undefined): Metadata {
  const metadata = new Metadata();
  const entries = { "presence-user": user, authorization: token === undefined ? undefined : `Bearer ${token}` };
  for (const [key, value] of Object.entries(entries)) {
    if (value === undefined) continue;
    if (!/^[\x20-\x7e]*$/.test(value)) {
      throw invalid(`${key === "authorization" ? "the token" : "the user"} holds characters that gRPC metadata cannot carry`);
    }
    metadata.set(key, value);
  }
  return metadata;
}

function channelCredentials({ tlsCa, tlsCert, tlsKey }: TlsFiles) {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw invalid("tlsCert and tlsKey go together: give both or neither");
  if (tlsCa === undefined) {
    if (tlsCert !== undefined) throw invalid("a certificate is shown by TLS only: tlsCa must name the authority of the server");
    return credentials.createInsecure();
  }
  const pem = (text: string | Uint8Array | undefined) => (text === undefined ? null : Buffer.from(text));
  try {
    // TLS says nothing of an authority that it cannot read, and then believes nobody.
    if (!String(pem(tlsCa)).includes("-----BEGIN")) throw new Error("tlsCa is no PEM");
    new X509Certificate(tlsCa);
    return credentials.createSsl(pem(tlsCa), pem(tlsKey), pem(tlsCert));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalid(`tlsCa, tlsCert and tlsKey must be PEM, and the key that of the certificate (${reason})`);
  }
}

function invalid(message: string): PresenceClientError {
  return new PresenceClientError("INVALID_ARGUMENT", message);
}

function channelOptions(retry: RetryPolicy): ClientOptions {
  return {
    // A connection of its own for each client: shared ones meet the server's limit of streams on one connection.
    "grpc.use_local_subchannel_pool": 1,
    // While a channel waits to reconnect every call fails at once, so it must not wait longer than our own tries do.
    "grpc.initial_reconnect_backoff_ms": retry.initialBackoffMs,
    "grpc.max_reconnect_backoff_ms": 5_000,
    // The largest party, each member with the longest message, is some 7 MB; the default is 4.
    "grpc.max_receive_message_length": 16 * 1024 * 1024,
    // A stream may be silent for hours: without pings nobody would notice that the server or the network is gone. Ten seconds at most
    // leave half of the default grace of attached devices to come back unseen.
    "grpc.keepalive_time_ms": 5_000,
    "grpc.keepalive_timeout_ms": 5_000,
    // No service config is published in DNS: do not ask for one.
    "grpc.service_config_disable_resolution": 1,
  };
}
