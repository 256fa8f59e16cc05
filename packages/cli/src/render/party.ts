import type { Party, Status } from "@presence/client";
import type { Look } from "../look.ts";
import { printable } from "../printable.ts";
import { paintStatus } from "../status-words.ts";
import { renderPresences } from "./presence.ts";

/** The members of a party, one a line; on a terminal below a line with the counts. */
export async function renderParty(party: Party, look: Look): Promise<string> {
  const members = await renderPresences(party.members, look, { party: party.partyId });
  if (look.format !== "table") return members;
  const { length } = party.members;
  const counts = (Object.entries(party.counts) as [Status, number][])
    .filter(([, count]) => count > 0)
    .map(([status, count]) => paintStatus(status, look.colors, `${count} ${status}`));
  const head = length === 0 ? "no members" : `${length} ${length === 1 ? "member" : "members"}: ${counts.join(", ")}`;
  return `${look.colors.bold(printable(party.partyId))}  ${head}\n${members}`;
}
