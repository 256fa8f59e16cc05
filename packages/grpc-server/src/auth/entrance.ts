import type { Metadata } from "@grpc/grpc-js";
import { type AccessPolicy, type Act, actsForAnyone, PresenceError } from "@presence/domain";
import type { Limits } from "../limits/limits.ts";
import { TokenBuckets } from "../limits/token-buckets.ts";
import { type Authenticator, presentedIn } from "./authenticator.ts";
import { type Identity, unauthenticated } from "./identity.ts";
import type { PeerCertificate, ServiceCertificates } from "./service-certificate.ts";

/** What is known of a call before anybody looks into it. */
export interface EnteringCall {
  readonly metadata: Metadata;
  getAuthContext(): { readonly sslPeerCertificate?: PeerCertificate };
}

export interface EntranceOptions {
  readonly authenticator: Authenticator;
  readonly certificates: ServiceCertificates;
  readonly policy: AccessPolicy;
  readonly limits: Pick<Limits, "callsPerSecond" | "headerBytes">;
}

/** As HTTP/2 counts a header: its name, its value and this. */
const headerOverhead = 32;

/** Where every call comes in: who is it, may he, and not too often. */
export class Entrance {
  readonly #options: EntranceOptions;
  readonly #spent: TokenBuckets;

  constructor(options: EntranceOptions) {
    this.#options = options;
    this.#spent = new TokenBuckets(options.limits.callsPerSecond, 2 * options.limits.callsPerSecond);
  }

  /**
   * Who makes this call. It counts against what he may do.
   * @throws PresenceError `UNAUTHENTICATED`, `LIMIT_EXCEEDED`, `UNAVAILABLE`
   */
  async admit(call: EnteringCall): Promise<Identity> {
    this.#checkSize(call.metadata);
    const identity = await this.#identify(call);
    this.spend(identity);
    return identity;
  }

  /**
   * Counts one more thing that this caller wants.
   * @throws PresenceError `LIMIT_EXCEEDED` with the time to wait
   */
  spend({ caller }: Identity): void {
    // A service speaks for many, so no rate of one user fits it; neither does one where nobody is known.
    if (actsForAnyone(caller) || caller.userId === undefined) return;
    const waitMs = this.#spent.take(caller.userId, performance.now());
    if (waitMs > 0) throw new PresenceError("LIMIT_EXCEEDED", "too many calls", { retryAfterMs: waitMs });
  }

  /** @throws PresenceError `PERMISSION_DENIED`, `UNAUTHENTICATED` where what proved him has ended, or `UNAVAILABLE` where it cannot be known now */
  async require({ caller, ended }: Identity, act: Act): Promise<void> {
    // What waited on a stream that was ended must not be done after it.
    if (ended !== undefined) throw ended;
    await this.#options.policy.require(caller, act);
  }

  /** By his token where he presents one, else by his certificate: a service that passes on a user's token acts as that user. */
  async #identify(call: EnteringCall): Promise<Identity> {
    const { authenticator, certificates } = this.#options;
    const presented = presentedIn(call.metadata);
    const service = presented.token === undefined ? certificates.identify(call.getAuthContext().sslPeerCertificate) : undefined;
    return service === undefined ? authenticator.authenticate(presented) : stillValid(service);
  }

  #checkSize(metadata: Metadata): void {
    const { headerBytes } = this.#options.limits;
    let size = 0;
    for (const [key, values] of Object.entries(metadata.toJSON())) {
      for (const value of values) size += key.length + value.length + headerOverhead;
    }
    if (size > headerBytes) throw new PresenceError("LIMIT_EXCEEDED", `the metadata has ${size} bytes; up to ${headerBytes} are read`);
  }
}

// A connection may outlive the certificate that it was opened with.
function stillValid(identity: Identity): Identity {
  if (identity.expiresAtMs !== undefined && identity.expiresAtMs <= Date.now()) throw unauthenticated("the certificate has expired");
  return identity;
}
