import {
  type Claim,
  type Device,
  type DeviceId,
  isId,
  isStatus,
  type LeftDevice,
  type Message,
  type Millis,
  never,
  PresenceError,
  type PresenceRecord,
  type Status,
} from "@presence/domain";

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
const revisionDigits = 12;
const versionDigits = 16;
const instantDigits = 13;
const endless = 9_999_999_999_999;

const codeOf = { c: 99, d: 100, l: 108, m: 109, b: 98, newline: 10, zero: 48 };

/** @throws PresenceError `INTERNAL` where a value has no place in the format: half a record would be worse than none */
export function encodeRecord(record: PresenceRecord): string {
  const { revision, version, status, since, lastSeen, settledAt, bound, claim, message, devices, left } = record;
  const times = `${instant(since)} ${instant(lastSeen)} ${instant(settledAt)}`;
  let text = `${format}${encodeRevision(revision)} ${fixed(version, versionDigits)} ${status.padEnd(7)} ${times} ${bound ? "b" : "-"}\n`;
  if (claim !== undefined) text += `c ${claim.status} ${instant(claim.until)}\n`;
  for (const device of devices) {
    const deadlines = `${instant(device.leaseUntil)} ${instant(device.activeUntil)} ${instant(device.lastSeen)}`;
    text += `d ${device.id} ${deadlines} ${device.holder === undefined ? "-" : oneWord(device.holder)}\n`;
  }
  for (const device of left) text += `l ${device.id} ${instant(device.until)}\n`;
  // Last, and on one line: whatever it says, it cannot be taken for a device.
  if (message !== undefined) text += `m ${instant(message.until)} ${oneLine(message.text)}\n`;
  return text;
}

/** As the header has it; what a commit compares. */
export function encodeRevision(revision: number): string {
  return fixed(revision, revisionDigits);
}

/** @throws PresenceError `INTERNAL` where it is damaged, or a newer server wrote it: `isKnownFormat` tells */
export function decodeRecord(text: string): PresenceRecord {
  if (!isKnownFormat(text)) throw damaged(text);
  const word = text.slice(32, 39).trimEnd();
  if (!isStatus(word) || text.charCodeAt(headerLength - 1) !== codeOf.newline) throw damaged(text);
  const devices: Device[] = [];
  const left: LeftDevice[] = [];
  let claim: Claim | undefined;
  let message: Message | undefined;
  for (let start = headerLength; start < text.length; ) {
    const end = text.indexOf("\n", start);
    if (end === -1) throw damaged(text);
    switch (text.charCodeAt(start)) {
      case codeOf.d:
        devices.push(decodeDevice(text, start + 2, end));
        break;
      case codeOf.c:
        claim = decodeClaim(text, start + 2, end);
        break;
      case codeOf.l: {
        const space = text.indexOf(" ", start + 2);
        left.push({ id: decodeId(text, start + 2, space), until: decodeInstant(text, space + 1) });
        break;
      }
      case codeOf.m:
        message = { until: decodeInstant(text, start + 2), text: text.slice(start + 16, end) };
        break;
      default:
        throw damaged(text);
    }
    start = end + 1;
  }
  return {
    revision: decodeNumber(text, 2, revisionDigits),
    version: decodeNumber(text, 15, versionDigits),
    status: word,
    since: decodeInstant(text, 40),
    lastSeen: decodeInstant(text, 54),
    settledAt: decodeInstant(text, 68),
    bound: text.charCodeAt(82) === codeOf.b,
    claim,
    message,
    devices,
    left,
  };
}

/** Whether this version wrote it, or might have. */
export function isKnownFormat(text: string): boolean {
  return text.startsWith(format);
}

function decodeDevice(text: string, start: number, end: number): Device {
  const space = text.indexOf(" ", start);
  const holder = text.slice(space + 43, end);
  return {
    id: decodeId(text, start, space),
    leaseUntil: decodeInstant(text, space + 1),
    activeUntil: decodeInstant(text, space + 15),
    lastSeen: decodeInstant(text, space + 29),
    holder: holder === "-" ? undefined : holder,
  };
}

// Not by the parser of arguments: the fault lies in the data, not with whoever asks.
function decodeId(text: string, start: number, end: number): DeviceId {
  const id = text.slice(start, end);
  if (!isId(id)) throw damaged(text);
  return id as DeviceId;
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
  return fixed(at === never ? endless : at, instantDigits);
}

// A part of a millisecond is cut off: it would move all that follows.
function fixed(value: number, digits: number): string {
  if (!(value >= 0 && value < 10 ** digits)) throw new PresenceError("INTERNAL", `${value} cannot be written into a record`);
  return String(Math.floor(value)).padStart(digits, "0");
}

function oneWord(holder: string): string {
  if (/^-?$|\s/.test(holder)) throw new PresenceError("INTERNAL", `${JSON.stringify(holder)} cannot be the holder of a device`);
  return holder;
}

function oneLine(text: string): string {
  if (text.includes("\n")) throw new PresenceError("INTERNAL", "a message of two lines cannot be written into a record");
  return text;
}

function decodeInstant(text: string, start: number): Millis {
  const value = decodeNumber(text, start, instantDigits);
  return value === endless ? never : (value as Millis);
}

// Digit by digit: several times faster than a slice and its conversion, and this is most of what a read costs.
function decodeNumber(text: string, start: number, digits: number): number {
  let value = 0;
  for (let index = start; index < start + digits; index++) {
    const digit = text.charCodeAt(index) - codeOf.zero;
    if (!(digit >= 0 && digit <= 9)) throw damaged(text);
    value = 10 * value + digit;
  }
  return value;
}

function damaged(text: string): PresenceError {
  return new PresenceError("INTERNAL", `a record cannot be read: ${JSON.stringify(text.slice(0, headerLength))}…`);
}
