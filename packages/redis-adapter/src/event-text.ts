import { isStatus, longAgo, millis, type Presence, PresenceError, type UserId } from "@presence/domain";

const format = "1 ";

/** A published change as one line: `1 <version> <status> <since> <last seen> <message>`; instants in ms, 0 for none. The channel names the user. */
export function encodeEvent({ version, status, since, lastSeen, message }: Presence): string {
  return `${format}${version} ${status} ${since ?? 0} ${lastSeen ?? 0} ${message}`;
}

/** @throws PresenceError `INTERNAL` where the bytes are no event of this format. */
export function decodeEvent(userId: UserId, bytes: Buffer): Presence {
  const text = bytes.toString();
  // With `s`: a message may hold the separators of lines and paragraphs, which are no control characters.
  const [, version, status, since, lastSeen, message] = /^1 (\d+) ([A-Z]+) (\d+) (\d+) (.*)$/su.exec(text) ?? [];
  if (status === undefined || !isStatus(status) || message === undefined) {
    throw new PresenceError("INTERNAL", `no event: ${JSON.stringify(text.slice(0, 80))}`);
  }
  const instant = (value: string | undefined) => (Number(value) === longAgo ? undefined : millis(Number(value)));
  return { userId, status, since: instant(since), lastSeen: instant(lastSeen), message, version: Number(version) };
}
