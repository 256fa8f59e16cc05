const letters = { array: 42, bulk: 36, simple: 43, error: 45, integer: 58 } as const;

/** Takes a stream of Redis' replies (RESP 2) apart, so that what was published can be left out. */
export class PubSubFilter {
  #rest: Buffer = Buffer.alloc(0);

  /** The bytes of every complete reply so far, without published messages where `dropMessages` says so. */
  pass(chunk: Buffer, dropMessages: boolean): Buffer {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const kept: Buffer[] = [];
    let start = 0;
    for (let end = replyEnd(bytes, start); end !== -1; end = replyEnd(bytes, start)) {
      const reply = bytes.subarray(start, end);
      if (!dropMessages || !isMessage(reply)) kept.push(reply);
      start = end;
    }
    this.#rest = bytes.subarray(start);
    return Buffer.concat(kept);
  }
}

function isMessage(reply: Buffer): boolean {
  return reply[0] === letters.array && /^\*\d\r\n\$\d+\r\n[ps]?message\r\n/.test(reply.toString("latin1", 0, 24));
}

/** Where the reply that begins at `start` ends; -1 where some of it has not come yet. */
function replyEnd(bytes: Buffer, start: number): number {
  const lineEnd = bytes.indexOf("\r\n", start, "latin1");
  if (lineEnd === -1) return -1;
  const next = lineEnd + 2;
  const kind = bytes[start];
  if (kind === letters.simple || kind === letters.error || kind === letters.integer) return next;
  const length = Number(bytes.toString("latin1", start + 1, lineEnd));
  if (kind === letters.bulk) {
    const end = length < 0 ? next : next + length + 2;
    return end > bytes.length ? -1 : end;
  }
  if (kind !== letters.array) throw new Error(`no reply of Redis begins with byte ${kind}`);
  let end = next;
  for (let item = 0; item < length && end !== -1; item++) end = replyEnd(bytes, end);
  return end;
}
