import { PresenceServiceService as rpcs } from "@presence/proto";
import { Attachment } from "./attach/attachment.ts";
import type { ConnectCall, Connected, DisconnectCall, HeartbeatAnswer, HeartbeatCall, HeartbeatResult, SetStatusCall } from "./calls.ts";
import { durationMs } from "./durations.ts";
import { heartbeatResultFrom, ownPresenceFrom, partyFrom, presenceFrom } from "./messages.ts";
import type { OwnPresence, Party, Presence } from "./presence.ts";
import { PresenceAdminClient } from "./presence-admin-client.ts";
import { followWatch, type WatchUpdate } from "./presence-watch.ts";
import { connectedFrom, toConnectRequest, toHeartbeatRequest, toSetStatusRequest } from "./requests.ts";
import { defaultRetryPolicy, type RetryPolicy } from "./retry-policy.ts";
import { type TlsFiles, type Token, UnaryCaller } from "./unary-caller.ts";
import { defaultWatchBackoff, type WatchBackoff } from "./watch-backoff.ts";

export interface PresenceClientOptions extends TlsFiles {
  /** `host:port`. */
  readonly server: string;
  /** Who calls: sent as `presence-user`. */
  readonly user?: string | undefined;
  /**
   * What proves it: sent as `authorization: Bearer …`. Of a token that ends give a function, which is called for each call and each stream that
   * is opened: what is open when the token ends is opened again with the next one.
   */
  readonly token?: Token | undefined;
  /** How long a call may take in all, retries included, in milliseconds. Default 5000. */
  readonly deadlineMs?: number | undefined;
  /** What differs from the default policy. */
  readonly retry?: Partial<RetryPolicy> | undefined;
}

/** How a watch or an attachment ends, and comes back. */
export interface WatchOptions {
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
  /** What differs from the default backoff. */
  readonly backoff?: Partial<WatchBackoff> | undefined;
}

const defaultDeadlineMs = 5_000;

/**
 * A client of one server. It connects with the first call, and again by itself.
 *
 * ```ts
 * const client = createPresenceClient({ server: "127.0.0.1:50051" });
 * const { status, message } = await client.getPresence("alice");
 * client.close();
 * ```
 *
 * @throws PresenceClientError `INVALID_ARGUMENT` where user or token cannot be sent, or certificates cannot be used
 */
export function createPresenceClient({
  server,
  user,
  token,
  deadlineMs = defaultDeadlineMs,
  retry,
  ...tls
}: PresenceClientOptions): PresenceClient {
  return new PresenceClient(new UnaryCaller({ server, user, token, tls, deadlineMs, retry: { ...defaultRetryPolicy, ...retry } }));
}

/** The presence service. Every method rejects with a `PresenceClientError`. */
export class PresenceClient {
  /** What operators may do. */
  readonly admin: PresenceAdminClient;
  readonly #caller: UnaryCaller;

  constructor(caller: UnaryCaller) {
    this.#caller = caller;
    this.admin = new PresenceAdminClient(caller);
  }

  /** A device comes online: opens its lease. */
  async connect(call: ConnectCall): Promise<Connected> {
    return connectedFrom(await this.#caller.call(rpcs.connect, toConnectRequest(call)));
  }

  /** A sign of life of a device. `FAILED_PRECONDITION` with reason `DEVICE_DISCONNECTED` where only a connect brings it back. */
  async heartbeat(call: HeartbeatCall): Promise<HeartbeatAnswer> {
    const answer = await this.#caller.call(rpcs.heartbeat, toHeartbeatRequest(call));
    return { ...ownPresenceFrom(answer), leaseTtlMs: durationMs(answer.leaseTtl) ?? 0 };
  }

  /** Signs of life of at most 1,000 devices; a refused one does not fail the others. Results in order. */
  async batchHeartbeat(calls: readonly HeartbeatCall[]): Promise<readonly HeartbeatResult[]> {
    const heartbeats = calls.map((call, index) => toHeartbeatRequest(call, `heartbeats[${index}].idle_for`));
    return (await this.#caller.call(rpcs.batchHeartbeat, { heartbeats })).results.map(heartbeatResultFrom);
  }

  /** A device logs out. */
  async disconnect({ userId, deviceId }: DisconnectCall): Promise<Presence> {
    return presenceFrom((await this.#caller.call(rpcs.disconnect, { userId, deviceId })).presence);
  }

  /** The user's own word, or an app's report that he is idle. */
  async setStatus(call: SetStatusCall): Promise<OwnPresence> {
    return ownPresenceFrom(await this.#caller.call(rpcs.setStatus, toSetStatusRequest(call)));
  }

  /** The presence of one user; of a user never seen it is OFFLINE. */
  async getPresence(userId: string): Promise<Presence> {
    return presenceFrom((await this.#caller.call(rpcs.getPresence, { userId })).presence);
  }

  /** The presence of at most 1,000 users, in order. */
  async batchGetPresence(userIds: readonly string[]): Promise<readonly Presence[]> {
    return (await this.#caller.call(rpcs.batchGetPresence, { userIds: [...userIds] })).presences.map(presenceFrom);
  }

  /** The presence of a party's members; an unknown party has none. */
  async getPartyPresence(partyId: string): Promise<Party> {
    return partyFrom((await this.#caller.call(rpcs.getPartyPresence, { partyId })).party);
  }

  /**
   * Follows at most 5,000 users for as long as somebody reads: a snapshot, then changes. It connects again by itself, and says
   * so. Ends with the client, or with `signal`.
   */
  watchPresence(userIds: readonly string[], options: WatchOptions = {}): AsyncGenerator<WatchUpdate, void> {
    return this.#follow(() => this.#caller.stream(rpcs.watchPresence, { userIds: [...userIds] }), options);
  }

  /** Follows the members of a party, who come and go. As `watchPresence`. */
  watchParty(partyId: string, options: WatchOptions = {}): AsyncGenerator<WatchUpdate, void> {
    return this.#follow(() => this.#caller.stream(rpcs.watchParty, { partyId }), options);
  }

  /**
   * Attaches an app's device, or a gateway's thousands, by one stream that is their heartbeat. It opens at once, comes back by itself
   * for as long as it is not closed, and then connects and watches again what it held. Ends with the client, or with `signal`.
   *
   * ```ts
   * const attached = client.attach();
   * await attached.connect({ userId: "alice", deviceId: "phone" });
   * await attached.watch({ userIds: ["bob"] });
   * for await (const update of attached.updates()) console.log(update);
   * ```
   */
  attach({ signal, backoff }: WatchOptions = {}): Attachment {
    return new Attachment({
      open: () => this.#caller.duplex(rpcs.attach),
      heartbeats: (calls) => this.batchHeartbeat(calls),
      deadlineMs: this.#caller.deadlineMs,
      backoff: { ...defaultWatchBackoff, ...backoff },
      signal: this.#ending(signal),
    });
  }

  #follow(open: Parameters<typeof followWatch>[0], { signal, backoff }: WatchOptions): AsyncGenerator<WatchUpdate, void> {
    return followWatch(open, { ...defaultWatchBackoff, ...backoff }, this.#ending(signal));
  }

  #ending(signal: AbortSignal | undefined): AbortSignal {
    const { closing } = this.#caller;
    return signal === undefined ? closing : AbortSignal.any([signal, closing]);
  }

  /** Closes the connection; open calls fail with `CANCELLED`, watches and attachments end. */
  close(): void {
    this.#caller.close();
  }
}
