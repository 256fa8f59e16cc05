import { type Claim, type Device, isStatus, type LeftDevice, type Message, type Millis, millis, never, parseDeviceId, PresenceError, type PresenceRecord, type Status } from "@presence/domain";

/**
 * A record as text, readable in redis-cli and patched in place by `renew.lua`:
 *
 *     1 <revision> <version> <status> <since> <last seen> <settled> <b if bound>
 *     c <status> <until>
 *     d <device> <lease until> <active until> <last seen> <holder or ->
 *     l <device> <until>
 *     m <until> <text>
 *
 * All numbers have a fixed width, so that they compare as text and a renewal never moves what follows.
 */
const format = "1 ";
const headerLength = 84;
const endless = "9999999999999";

export function encodeRecord(record: PresenceRecord): string {
  const { revision, version, status, since, lastSeen, settledAt, bound, claim, message, devices, left } = record;
  let text = `${format}${encodeRevision(revision)} ${String(version).padStart(16, "0")} ${status.padEnd(7)} ${instant(since)} ${instant(lastSeen)} ${instant(settledAt)} ${bound ? "b" : "-"}\n`;
  if (claim !== undefined) text += `c ${claim.status} ${instant(claim.until)}\n`;
  for (const device of devices) {
    text += `d ${device.id} ${instant(device.leaseUntil)} ${instant(device.activeUntil)} ${instant(device.lastSeen)} ${device.holder ?? "-"}\n`;
  }
  for (const device of left) text += `l ${device.id} ${instant(device.until)}\n`;
  // Last, and on one line: whatever it says, it cannot be taken for a device.
  if (message !== undefined) text += `m ${instant(message.until)} ${message.text}\n`;
  return text;
}

/** As the header has it; what a commit compares. */
export function encodeRevision(revision: number): string {
  return String(revision).padStart(12, "0");
}

/** @throws PresenceError `UNAVAILABLE` where a newer server wrote it: its answer is right, ours would not be. */
export function decodeRecord(text: string): PresenceRecord {
  if (!text.startsWith(format)) throw unknownFormat();
  const word = text.slice(32, 39).trimEnd();
  if (!isStatus(word) || text.charCodeAt(headerLength - 1) !== 10) throw damaged(text);
  const devices: Device[] = [];
  const left: LeftDevice[] = [];
  let claim: Claim | undefined;
  let message: Message | undefined;
  for (let start = headerLength; start < text.length; ) {
    const end = text.indexOf("\n", start);
    if (end === -1) throw damaged(text);
    switch (text.charCodeAt(start)) {
      case 100:
        devices.push(decodeDevice(text, start + 2, end));
        break;
      case 99:
        claim = decodeClaim(text, start + 2, end);
        break;
      case 108: {
        const space = text.indexOf(" ", start + 2);
        left.push({ id: parseDeviceId(text.slice(start + 2, space)), until: decodeInstant(text, space + 1) });
        break;
      }
      case 109:
        message = { until: decodeInstant(text, start + 2), text: text.slice(start + 16, end) };
        break;
      default:
        throw damaged(text);
    }
    start = end + 1;
  }
  return {
    revision: Number(text.slice(2, 14)),
    version: Number(text.slice(15, 31)),
    status: word,
    since: decodeInstant(text, 40),
    lastSeen: decodeInstant(text, 54),
    settledAt: decodeInstant(text, 68),
    bound: text.charCodeAt(82) === 98,
    claim,
    message,
    devices,
    left,
  };
}

/** A server of another version wrote what we cannot read; it is never overwritten. */
export function unknownFormat(): PresenceError {
  return PresenceError.unavailable("a record has a format that this version does not know; a newer server wrote it", 5_000);
}

function decodeDevice(text: string, start: number, end: number): Device {
  const space = text.indexOf(" ", start);
  const holder = text.slice(space + 43, end);
  return {
    id: parseDeviceId(text.slice(start, space)),
    leaseUntil: decodeInstant(text, space + 1),
    activeUntil: decodeInstant(text, space + 15),
    lastSeen: decodeInstant(text, space + 29),
    holder: holder === "-" ? undefined : holder,
  };
}

function decodeClaim(text: string, start: number, end: number): Claim {
  const space = text.indexOf(" ", start);
  const status: string = text.slice(start, space);
  if (!isClaimStatus(status) || space > end) throw damaged(text);
  return { status, until: decodeInstant(text, space + 1) };
}

function isClaimStatus(word: string): word is Exclude<Status, "ONLINE"> {
  return isStatus(word) && word !== "ONLINE";
}

function instant(at: Millis): string {
  return at === never ? endless : String(at).padStart(13, "0");
}

function decodeInstant(text: string, start: number): Millis {
  const value = Number(text.slice(start, start + 13));
  return value === 9_999_999_999_999 ? never : millis(value);
}

function damaged(text: string): PresenceError {
  return new PresenceError("INTERNAL", `a record cannot be read: ${JSON.stringify(text.slice(0, headerLength))}…`);
}
