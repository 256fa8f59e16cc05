import { isId, type PartyId, PresenceError, parseUserId, type UserId } from "@presence/domain";

/** Templates of the other services' keys, and the prefix of ours. `%s` is the id. */
export interface KeyTemplates {
  readonly sessionKey: string;
  readonly partyKey: string;
  readonly keyPrefix: string;
}

export const defaultTemplates: KeyTemplates = { sessionKey: "session:%s", partyKey: "party:%s:members", keyPrefix: "presence:" };

/** Users are due in so many sets, so that many sweepers can share them. */
export const duePartitions = 64;

/** What stands before and behind an id. */
type Around = readonly [before: string, behind: string];

/** Every key that the adapter touches, and with it every slot in a Redis Cluster. */
export class Keys {
  readonly #session: Around;
  readonly #party: Around;
  readonly #prefix: string;
  /** What stands before the user id at the end of a record's key: the tag has the id in it, or is the same for all. */
  readonly #record: Around | string;

  /** @throws PresenceError `INVALID_ARGUMENT` naming the template that cannot be used */
  constructor({ sessionKey, partyKey, keyPrefix }: KeyTemplates = defaultTemplates) {
    this.#session = split("sessionKey", sessionKey);
    this.#party = split("partyKey", partyKey);
    if (/[{}]/.test(keyPrefix)) {
      throw PresenceError.invalid(
        "keyPrefix",
        `is ${JSON.stringify(keyPrefix)}; it must not have braces, which Redis Cluster would take for a hash tag`,
      );
    }
    this.#prefix = keyPrefix;
    const tag = hashTag(sessionKey);
    if (tag === undefined && /[{}]/.test(sessionKey)) {
      throw PresenceError.invalid("sessionKey", `is ${JSON.stringify(sessionKey)}; its braces must enclose a hash tag`);
    }
    const [before, behind] = (tag ?? sessionKey).split("%s");
    this.#record = behind === undefined ? `${keyPrefix}{${tag}}:` : [`${keyPrefix}{${before}`, `${behind}}:`];
  }

  get clock(): string {
    return `${this.#prefix}clock`;
  }

  /** For a try that ends within milliseconds. */
  probe(name: string): string {
    return `${this.#prefix}probe:${name}`;
  }

  /** Who does a task that one server at a time does. */
  lead(task: string): string {
    return `${this.#prefix}lead:${task}`;
  }

  session(userId: UserId): string {
    return this.#session[0] + userId + this.#session[1];
  }

  party(partyId: PartyId): string {
    return this.#party[0] + partyId + this.#party[1];
  }

  /** In the slot of the user's session, whatever the auth service calls it, so that one script may touch both. */
  record(userId: UserId): string {
    return typeof this.#record === "string" ? this.#record + userId : this.#record[0] + userId + this.#record[1] + userId;
  }

  /** Where a user's changes are published. Redis publishes across its databases, so the channel names its own. */
  channel(userId: UserId, db: number): string {
    return `${this.record(userId)}:${db}`;
  }

  /** Matches all records and nothing else of ours: due sets have no colon after their tag. */
  get recordPattern(): string {
    return `${this.#prefix.replace(/[*?[\]\\]/g, "\\$&")}{*}:*`;
  }

  /** Whose record that is; undefined where it is none, or one of another session template. */
  userOfRecord(key: string): UserId | undefined {
    const id = key.slice(key.indexOf("}:", this.#prefix.length) + 2);
    if (!isId(id)) return undefined;
    const userId = parseUserId(id);
    return this.record(userId) === key ? userId : undefined;
  }

  /** Whose session that is; undefined where it is none. */
  userOfSession(key: string): UserId | undefined {
    const [before, behind] = this.#session;
    if (!key.startsWith(before) || !key.endsWith(behind)) return undefined;
    const id = key.slice(before.length, key.length - behind.length);
    return isId(id) ? parseUserId(id) : undefined;
  }

  due(partition: number): string {
    return `${this.#prefix}{due:${partition}}`;
  }

  /** Beside its due set; a record's key goes on with a colon. */
  claims(partition: number): string {
    return `${this.due(partition)}/claims`;
  }

  partitionOf(userId: UserId): number {
    // FNV-1a: cheap, spread well enough, and the same on every server.
    let hash = 0x811c9dc5;
    for (let index = 0; index < userId.length; index++) hash = Math.imul(hash ^ userId.charCodeAt(index), 0x01000193);
    return (hash >>> 0) % duePartitions;
  }
}

/** The part of a key that decides its slot in a Redis Cluster; undefined: all of it. */
function hashTag(key: string): string | undefined {
  const open = key.indexOf("{");
  const close = key.indexOf("}", open + 1);
  return open === -1 || close <= open + 1 ? undefined : key.slice(open + 1, close);
}

function split(field: string, template: string): Around {
  const [before, behind, ...more] = template.split("%s");
  if (before === undefined || behind === undefined || more.length > 0) {
    throw PresenceError.invalid(field, `is ${JSON.stringify(template)}; it must have exactly one %s, in the place of the id`);
  }
  return [before, behind];
}
