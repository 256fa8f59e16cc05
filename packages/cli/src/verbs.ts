import type { OverrideCall, PresenceClient, Status } from "@presence/client";
import { refusedUser } from "./client-failure.ts";
import type { Look } from "./look.ts";
import { renderExplanation } from "./render/explanation.ts";
import { renderParty } from "./render/party.ts";
import { renderChange, renderPresences } from "./render/presence.ts";
import { renderStats } from "./render/stats.ts";

/** What a verb works with. */
export interface Bench {
  readonly client: PresenceClient;
  readonly look: Look;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Height of the terminal. */
  readonly rows: number;
  now(): Date;
  /** To standard output. */
  print(text: string): Promise<void>;
  /** A remark beside the answer, to standard error. */
  note(text: string): Promise<void>;
}

/** Most users that one call may ask for. */
const batchSize = 1_000;

export async function get({ client, look, print }: Bench, users: readonly string[]): Promise<void> {
  for (let from = 0; from < users.length; from += batchSize) {
    const batch = users.slice(from, from + batchSize);
    const presences = await client.batchGetPresence(batch).catch((error: unknown) => {
      throw refusedUser(error, batch) ?? error;
    });
    await print(await renderPresences(presences, look));
  }
}

export async function set({ client, look, print }: Bench, call: OverrideCall): Promise<void> {
  const { presence, claim } = await client.admin.overrideStatus(call);
  await print(await renderChange(presence, claim, look));
}

export async function party({ client, look, print }: Bench, partyId: string): Promise<void> {
  await print(await renderParty(await client.getPartyPresence(partyId), look));
}

export async function explain({ client, look, print }: Bench, user: string): Promise<void> {
  await print(await renderExplanation(await client.admin.explainPresence(user), look));
}

export async function kick({ client, look, print }: Bench, user: string): Promise<void> {
  await print(await renderPresences([await client.admin.disconnectUser(user)], look));
}

/** @param limit infinite for all */
export async function list({ client, look, print, note }: Bench, statuses: readonly Status[], limit: number): Promise<void> {
  let listed = 0;
  let pageToken: string | undefined;
  do {
    const page = await client.admin.listUsers({ statuses, pageSize: Math.min(batchSize, limit - listed), pageToken });
    listed += page.presences.length;
    pageToken = page.nextPageToken;
    await print(await renderPresences(page.presences, look));
  } while (pageToken !== undefined && listed < limit);
  if (pageToken !== undefined) await note(`${listed} users are listed, and there may be more: --all lists everyone`);
  if (listed === 0 && look.format === "table") await note("no users");
}

export async function stats({ client, look, print }: Bench): Promise<void> {
  await print(renderStats(await client.admin.getStats(), look));
}
