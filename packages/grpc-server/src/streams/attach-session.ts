import { performance } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type HeldDevice,
  type HeldStream,
  type LeaseKeeper,
  type OwnPresence,
  type PartyHub,
  PresenceError,
  type PresenceService,
  parseDeviceId,
  parseUserId,
  type WatchHub,
} from "@presence/domain";
import type { ActivityRequest, AttachRequest } from "@presence/proto";
import type { Logger } from "pino";
import type { Entrance } from "../auth/entrance.ts";
import type { Identity } from "../auth/identity.ts";
import { durationMs, toDuration } from "../codec/duration.ts";
import { toOwnPresence, toPresenceNow } from "../codec/presence.ts";
import { toConnectCall, toSetStatusCall } from "../codec/requests.ts";
import { errorReport } from "../errors/error-report.ts";
import { toRpcStatus } from "../errors/rpc-status.ts";
import { presenceActs } from "../rpc/acts.ts";
import { type Decoded, Malformed } from "../rpc/decoded.ts";
import { AttachedWatches } from "./attached-watches.ts";
import { type AttachedResponse, type Encoded, encodeAttached } from "./encoded-events.ts";
import type { OpenStream } from "./open-streams.ts";
import { Outlet, type WritableCall } from "./outlet.ts";

/** Does what `run` does, and sees how long it takes and how it ends. `request` is one of the names in the contract. */
export type AroundRequest = <Response>(request: string, run: () => Promise<Response>) => Promise<Response>;

export interface AttachParts {
  readonly service: PresenceService;
  readonly keeper: LeaseKeeper;
  readonly hub: WatchHub;
  readonly parties: PartyHub;
  readonly entrance: Pick<Entrance, "require" | "spend">;
  readonly log: Logger;
  readonly around: AroundRequest;
  /** Names this server's streams among all servers'. */
  readonly serverId: string;
}

/** One Attach stream: the devices it holds, whom it watches, and the answers it owes. A bad request is answered by an error; the stream lives on. */
export class AttachSession implements OpenStream {
  readonly call: WritableCall;
  readonly outlet: Outlet;
  /** Called when an answer is on its way, so that more requests may be read. */
  onRoom: () => void = () => {};
  /** Called when the stream has ended. */
  onRelease: () => void = () => {};
  readonly #parts: AttachParts;
  readonly #identity: Identity;
  readonly #held: HeldStream;
  readonly #watches: AttachedWatches;
  readonly #answers: Encoded[] = [];
  /** The last request of each user that is not done: requests of one user are carried out in their order. */
  readonly #lastOf = new Map<string, Promise<void>>();
  #inFlight = 0;
  #released = false;
  #finishing = false;

  constructor(parts: AttachParts, call: WritableCall, identity: Identity, holder: string) {
    this.#parts = parts;
    this.#identity = identity;
    this.call = call;
    this.outlet = new Outlet(call, () => this.#next());
    this.#held = parts.keeper.open(holder, (device, error) => this.#lost(device, error));
    const { hub, parties } = parts;
    const lost = (error: PresenceError) => this.#answer(0n, errorOf(error));
    this.#watches = new AttachedWatches({ hub, parties, identity, wake: () => this.outlet.wake(), lost });
  }

  /** Requests that are being worked on, and answers that the peer has not taken. */
  get waiting(): number {
    return this.#inFlight + this.#answers.length;
  }

  get devices(): number {
    return this.#held.size;
  }

  /** Takes one request; its answer goes out by itself. */
  request(decoded: Decoded<AttachRequest>): void {
    this.#held.heardAt = performance.now();
    if (decoded instanceof Malformed) {
      this.#answer(0n, errorOf(decoded.toError()));
      return;
    }
    const user = userOf(decoded);
    const before = this.#lastOf.get(user) ?? Promise.resolve();
    this.#inFlight++;
    const done = before
      // What came with it may be the end of the stream, long ago where this server was frozen: then nobody waits for this any more.
      .then(() => nextTurn())
      .then(() => (this.#released ? nothingToTell : this.#parts.around(nameOf(decoded), () => this.#carryOut(decoded))))
      .then(
        (response) => this.#answer(decoded.requestId, response),
        (error: unknown) => this.#answer(decoded.requestId, errorOf(this.#report(error))),
      )
      .then(() => {
        this.#inFlight--;
        if (this.#lastOf.get(user) === done) this.#lastOf.delete(user);
        this.onRoom();
      });
    this.#lastOf.set(user, done);
  }

  /** Ends the stream once every request has its answer. */
  async finish(): Promise<void> {
    while (this.#lastOf.size > 0) await Promise.all(this.#lastOf.values());
    this.#finishing = true;
    this.outlet.wake();
  }

  release(drained: boolean): void {
    this.#released = true;
    this.onRelease();
    this.#watches.close();
    const devices = this.#held.close();
    // A server that goes away on purpose lets the devices come back elsewhere within their lease.
    if (!drained) this.#drop(devices);
  }

  async #carryOut(attached: AttachRequest): Promise<AttachedResponse> {
    const { service, entrance } = this.#parts;
    entrance.spend(this.#identity);
    await entrance.require(this.#identity, presenceActs.attach(attached));
    const { request } = attached;
    switch (request?.$case) {
      case "connect": {
        const call = toConnectCall(request.value);
        const own = await service.connect({ ...call, holder: this.#held.holder });
        this.#hold(call);
        const { leaseTtlMs, heartbeatIntervalMs } = service.policy;
        const value = { ...toOwnPresence(own), leaseTtl: toDuration(leaseTtlMs), heartbeatInterval: toDuration(heartbeatIntervalMs) };
        return { $case: "connected", value };
      }
      case "activity":
        return this.#activity(request.value);
      case "setStatus":
        return acknowledged(await service.setStatus(toSetStatusCall(request.value)));
      case "disconnect": {
        const device = { userId: parseUserId(request.value.userId), deviceId: parseDeviceId(request.value.deviceId) };
        this.#held.release(device);
        const now = await service.disconnect(device.userId, device.deviceId);
        return { $case: "ack", value: { presence: toPresenceNow(now), claim: undefined } };
      }
      case "watch":
        this.#watches.add(request.value);
        return nothingToTell;
      case "unwatch":
        this.#watches.remove(request.value);
        return nothingToTell;
      case undefined:
        throw PresenceError.invalid("request", "is missing; set one of connect, activity, set_status, disconnect, watch, unwatch");
    }
  }

  /** A connect may be done after its stream broke: then its device has the grace like the others. */
  #hold({ userId, deviceId }: HeldDevice): void {
    if (this.#released) this.#drop([{ userId, deviceId }]);
    else this.#held.hold({ userId, deviceId });
  }

  async #activity({ userId, deviceId, idleFor }: ActivityRequest): Promise<AttachedResponse> {
    if (userId === "" && deviceId === "" && idleFor === undefined) return nothingToTell;
    const device = { userId: parseUserId(userId), deviceId: parseDeviceId(deviceId) };
    const idleForMs = durationMs(idleFor, "idle_for");
    if (!this.#held.holds(device)) {
      throw new PresenceError(
        "DEVICE_DISCONNECTED",
        `device ${deviceId} of user ${userId} is not attached to this stream; connect it first`,
      );
    }
    return acknowledged(await this.#parts.service.heartbeat({ ...device, idleForMs, holder: this.#held.holder }));
  }

  /** Answers first: their number is bounded, and somebody waits for them. */
  #next(): Encoded | undefined {
    const answer = this.#answers.shift();
    if (answer !== undefined) {
      this.onRoom();
      return answer;
    }
    if (this.#finishing) {
      this.call.end();
      return undefined;
    }
    return this.#watches.take();
  }

  #answer(requestId: bigint, response: AttachedResponse): void {
    if (this.#released) return;
    this.#answers.push(encodeAttached(requestId, response));
    this.outlet.wake();
  }

  #lost({ userId, deviceId }: HeldDevice, error: PresenceError): void {
    this.#answer(0n, { $case: "error", value: { status: toRpcStatus(error), userId, deviceId } });
  }

  #drop(devices: readonly HeldDevice[]): void {
    if (devices.length === 0) return;
    const { service, log } = this.#parts;
    // Without it they live for a lease instead of the grace: late, but not wrong.
    service
      .drop(devices, this.#held.holder)
      .catch((error: unknown) => log.warn({ error: errorReport(error) }, "the devices of a broken stream keep their lease"));
  }

  #report(thrown: unknown): PresenceError {
    const error = PresenceError.from(thrown);
    if (error.code !== "INTERNAL") return error;
    this.#parts.log.error({ error: errorReport(error) }, "internal error on an attached stream; LOG_LEVEL=debug shows its message");
    this.#parts.log.debug({ error }, "internal error");
    return new PresenceError("INTERNAL", "internal error; the server's log has the details");
  }
}

const nothingToTell: AttachedResponse = { $case: "ack", value: { presence: undefined, claim: undefined } };

function acknowledged(own: OwnPresence): AttachedResponse {
  return { $case: "ack", value: toOwnPresence(own) };
}

function errorOf(error: PresenceError): AttachedResponse {
  return { $case: "error", value: { status: toRpcStatus(error), userId: "", deviceId: "" } };
}

function nameOf({ request }: AttachRequest): string {
  return request?.$case ?? "none";
}

/** Whose turn a request waits for; requests about nobody in particular wait for each other. */
function userOf({ request }: AttachRequest): string {
  return request !== undefined && "userId" in request.value ? request.value.userId : "";
}
