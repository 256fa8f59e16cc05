import { type DeviceId, type OwnPresence, PresenceError, type PresencePolicy } from "@presence/domain";
import { ClientStream } from "./client-stream.ts";
import type { Person } from "./person.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { isUnavailable, type Server } from "./server.ts";
import type { Truth } from "./truth.ts";

export interface ClientParts {
  readonly person: Person;
  readonly deviceId: DeviceId;
  /** Holds its device by a stream; otherwise it gives each sign of life in a call of its own. */
  readonly attached: boolean;
  readonly policy: PresencePolicy;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly truth: Truth;
  readonly servers: () => readonly Server[];
  /** What the auth service does at a login and at a logout. */
  readonly session: { readonly begin: () => unknown; readonly end: () => unknown };
}

/** How long a client waits for one server, and how soon it begins again where no server can help. */
const deadlineMs = 250;
const firstBackoffMs = 50;

const noAnswer = PresenceError.unavailable("no answer in time", 10);
/** Nobody waits for this any more. */
const appEnded = new Error("the app has ended");

type Call = (server: Server) => Promise<OwnPresence>;

/** The app of a user who behaves: it gives a sign of life each interval, and does not give up while it runs. */
export class Client {
  readonly person: Person;
  readonly #parts: ClientParts;
  /** Moves when the app ends: whatever it had begun is over. */
  #life = 0;
  #server: Server | undefined;
  #stream: ClientStream | undefined;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.person = parts.person;
  }

  /** The user logs in. */
  start(): void {
    if (this.person.silent) return;
    this.#parts.session.begin();
    this.#connectAgain();
  }

  #connectAgain(): void {
    const life = ++this.#life;
    this.#live(life).catch((error: unknown) => {
      if (error !== appEnded) this.#parts.truth.fail(error);
    });
  }

  /** The app is gone without a word; nobody starts it again. */
  fallSilent(): void {
    if (this.person.silent) return;
    this.#life++;
    this.person.fallsSilent(this.#parts.attached);
    // A proxy may keep the stream of an app that is gone, until `hangUp`.
    if (this.#parts.random.oneIn(2)) this.hangUp();
  }

  /** The connection of an app that is gone ends. */
  hangUp(): void {
    if (this.person.silent) this.#stream?.close();
  }

  /** The user logs out; after a while he logs in again. */
  logOut(): void {
    const life = ++this.#life;
    const { person, deviceId, session, scheduler, random } = this.#parts;
    this.#stream = undefined;
    const leave = async () => {
      await this.#through(life, (server) => server.call(() => server.service.disconnect(person.userId, deviceId), person.endangered()));
      session.end();
      await this.#sleep(random.between(0, 3_000));
      if (life === this.#life) scheduler.after(0, () => this.start());
    };
    leave().catch((error: unknown) => {
      if (error !== appEnded) this.#parts.truth.fail(error);
    });
  }

  /** He says something of himself; as long as it takes. */
  choose(change: (server: Server) => Promise<OwnPresence>): void {
    this.#through(this.#life, (server) => server.call(() => change(server), this.person.called())).catch((error: unknown) => {
      if (error !== appEnded) this.#parts.truth.fail(error);
    });
  }

  async #live(life: number): Promise<void> {
    const { policy, random } = this.#parts;
    await this.#signOfLife(life, this.#connect);
    while (life === this.#life) {
      await this.#sleep(policy.heartbeatIntervalMs * (0.9 + 0.2 * random.next()));
      if (life !== this.#life) return;
      if (this.#stream === undefined) await this.#beat(life);
      else if (!(await this.#stream.stillThere(deadlineMs))) await this.#signOfLife(life, this.#connect);
    }
  }

  readonly #connect: Call = (server) => {
    const { person, deviceId, attached } = this.#parts;
    if (!attached) return server.call(() => server.service.connect({ userId: person.userId, deviceId }), person.called());
    this.#stream?.close();
    const stream = new ClientStream({ ...this.#parts, server, onEnded: (error) => this.#ended(stream, error) });
    this.#stream = stream;
    return stream.connect();
  };

  async #beat(life: number): Promise<void> {
    const { person, deviceId } = this.#parts;
    try {
      await this.#signOfLife(life, (server) =>
        server.call(() => server.service.heartbeat({ userId: person.userId, deviceId }), person.called()),
      );
    } catch (error) {
      if (life !== this.#life) throw appEnded;
      this.#refused(error);
      this.#parts.session.begin();
      await this.#signOfLife(life, this.#connect);
    }
  }

  /** The stream ended, or its device was found gone. */
  #ended(stream: ClientStream, error: unknown): void {
    if (this.#stream !== stream || this.person.silent) return;
    if (isUnavailable(error) || isSuperseded(error)) {
      // Whoever has sent it away would do so again.
      this.#server = this.#parts.servers().find((server) => server !== stream.server) ?? this.#server;
      this.#connectAgain();
      return;
    }
    this.#refused(error);
    this.start();
  }

  #refused(error: unknown): void {
    const { truth, person } = this.#parts;
    if (!(error instanceof PresenceError && error.code === "DEVICE_DISCONNECTED")) throw error;
    truth.check(person.mayBeRefused, () => `${person.userId} is refused only if somebody logged him out`);
  }

  async #signOfLife(life: number, call: Call): Promise<void> {
    const { scheduler, truth, person } = this.#parts;
    const { sentAt, answer } = await this.#through(life, async (server) => ({ sentAt: scheduler.now, answer: await call(server) }));
    if (life !== this.#life) throw appEnded;
    person.acknowledged(sentAt, answer.presence.version);
    truth.check(
      answer.presence.status !== "OFFLINE" || !person.isHere(answer.presence, sentAt),
      () => `${person.userId} is not OFFLINE to himself`,
    );
  }

  /** Asks one server after the other until one can answer. */
  async #through<Answer>(life: number, call: (server: Server) => Promise<Answer>): Promise<Answer> {
    const { policy, random, servers } = this.#parts;
    for (let backoffMs = firstBackoffMs; ; backoffMs = Math.min(2 * backoffMs, policy.heartbeatIntervalMs)) {
      for (const server of this.#order(servers())) {
        if (life !== this.#life) throw appEnded;
        try {
          const answer = await this.#within(deadlineMs, call(server));
          this.#server = server;
          return answer;
        } catch (error) {
          if (!isUnavailable(error)) throw error;
        }
      }
      this.#server = undefined;
      await this.#sleep(backoffMs * (0.5 + 0.5 * random.next()));
    }
  }

  /** The one that answered last first, then any, then all others. */
  #order(servers: readonly Server[]): Iterable<Server> {
    const known = this.#server;
    if (known?.running) return new Set([known, ...servers]);
    return servers.length === 0 ? [] : new Set([this.#parts.random.pick(servers), ...servers]);
  }

  #within<Answer>(ms: number, call: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      call.then(resolve, reject);
      this.#parts.scheduler.after(ms, () => reject(noAnswer));
    });
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.scheduler.after(ms, resolve));
  }
}

/** An earlier attempt to connect was carried out after a later one, and took its device. */
function isSuperseded(error: unknown): boolean {
  return error instanceof PresenceError && error.message.includes("was connected elsewhere since");
}
