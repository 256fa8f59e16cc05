import { afterEach, expect } from "vitest";
import { createPresenceClient, type PresenceClient, type PresenceClientOptions, type WatchOptions } from "../presence-client.ts";
import { PresenceClientError } from "../presence-client-error.ts";
import type { AttachUpdate } from "./attach-update.ts";
import type { Attachment } from "./attachment.ts";
import { type AttachServer, type Script, type ScriptedStream, startAttachServer } from "./scripted-attach-server.fixture.ts";

/** Closed after each test. */
export const opened: { close(): unknown }[] = [];
afterEach(() => {
  for (const one of opened.splice(0).reverse()) one.close();
});

export const quick = { backoff: { initialMs: 20, maxMs: 40 } };

/** A client with an attachment, on a server of its own. */
export async function start(
  { script, gone }: { script?: Script; gone?: readonly string[] } = {},
  client: Partial<PresenceClientOptions> = {},
  options: WatchOptions = quick,
): Promise<{ server: AttachServer; client: PresenceClient; attached: Attachment }> {
  const server = await startAttachServer({ ...(script && { script }), ...(gone && { gone }) });
  const one = createPresenceClient({ server: server.address, ...client });
  opened.push(server, one);
  return { server, client: one, attached: one.attach(options) };
}

/** The n-th stream of a server, once something was said on it. */
export async function streamOf(server: AttachServer, index = 0): Promise<ScriptedStream> {
  await expect.poll(() => server.streams[index]?.requests.length ?? 0).toBeGreaterThan(0);
  const stream = server.streams[index];
  if (stream === undefined) throw new Error("no such stream");
  return stream;
}

/** The error that an answer rejects with. */
export async function failure(answer: Promise<unknown>): Promise<PresenceClientError> {
  const error: unknown = await answer.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PresenceClientError) return error;
  throw new Error(`no such error: ${error}`);
}

/** An update in a few words. */
export function short(update: AttachUpdate): string {
  const of = "partyId" in update && update.partyId !== undefined ? `${update.partyId} ` : "";
  switch (update.kind) {
    case "snapshot":
      return `${of}[${update.presences.map(({ userId, version }) => `${userId}${version}`).join(" ")}]`;
    case "change":
      return `${update.presence.userId}${update.presence.version}`;
    case "joined":
      return `${of}+${update.presence.userId}${update.presence.version}`;
    case "left":
      return `${of}-${update.userId}`;
    case "stale":
      return update.reason === undefined ? "stale" : `lost ${update.reason.code}`;
    case "device-lost":
      return `${update.userId}/${update.deviceId} ${update.reason.reason}`;
    case "watch-lost":
      return `no watch ${update.reason.code}`;
    default:
      return update.kind;
  }
}

/** The next updates, in a few words. */
export async function told(attached: Attachment, count: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const update of attached.updates()) if (lines.push(short(update)) === count) break;
  return lines;
}

export const phone = { userId: "alice", deviceId: "phone" };
