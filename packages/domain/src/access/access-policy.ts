import { PresenceError } from "../errors.ts";
import type { PartyId, UserId } from "../ids.ts";
import type { PartyDirectory } from "../ports.ts";
import type { Caller } from "./caller.ts";

/** What somebody wants to do, as far as it matters who he is. */
export type Act =
  /** Gives signs of life or chooses a status in the name of these users. */
  | { readonly kind: "write"; readonly userIds: readonly UserId[] }
  /** Reads or watches users, whoever they are: friendship is the app's business. */
  | { readonly kind: "read" }
  /** Lists or watches these parties. */
  | { readonly kind: "party"; readonly partyIds: readonly PartyId[] }
  /** Uses the operators' service. */
  | { readonly kind: "operate" };

/**
 * Who may do what:
 *
 * | | nobody's app | user | `service` | `admin` |
 * |---|---|---|---|---|
 * | write | – | for himself | for anyone | for anyone |
 * | read | – | anyone | anyone | anyone |
 * | party | – | his own | any | any |
 * | operate | – | – | – | yes |
 */
export class AccessPolicy {
  readonly #parties: Pick<PartyDirectory, "isMember">;

  constructor(parties: Pick<PartyDirectory, "isMember">) {
    this.#parties = parties;
  }

  /**
   * Passes, or tells that `caller` may not. A party that is not his and one that does not exist look the same.
   * @throws PresenceError `PERMISSION_DENIED`
   */
  async require(caller: Caller, act: Act): Promise<void> {
    if (caller.roles.has("admin")) return;
    switch (act.kind) {
      case "operate":
        throw new PresenceError("PERMISSION_DENIED", "operators only");
      case "write":
        if (!actsForAnyone(caller) && act.userIds.some((userId) => userId !== caller.userId)) throw notHis();
        return;
      case "read":
        if (!actsForAnyone(caller) && caller.userId === undefined) throw notHis();
        return;
      case "party":
        for (const partyId of act.partyIds) if (!(await this.#mayFollow(caller, partyId))) throw notHisParty(partyId);
        return;
    }
  }

  async #mayFollow(caller: Caller, partyId: PartyId): Promise<boolean> {
    return actsForAnyone(caller) || (caller.userId !== undefined && (await this.#parties.isMember(partyId, caller.userId)));
  }
}

/** Whether `caller` may go on watching a party, whose members may have changed. `member`: undefined while that is not known. */
export function mayKeepWatching(caller: Caller, member: boolean | undefined): boolean {
  return actsForAnyone(caller) || member !== false;
}

/** What a caller is told about a party that is not his, or does not exist. */
export function notHisParty(partyId: PartyId): PresenceError {
  return new PresenceError("PERMISSION_DENIED", `party ${partyId} is not the caller's`);
}

/** Whether `caller` is more than a user. */
export function actsForAnyone(caller: Caller): boolean {
  return caller.roles.has("service") || caller.roles.has("admin");
}

function notHis(): PresenceError {
  return new PresenceError("PERMISSION_DENIED", "a user acts for himself only");
}
