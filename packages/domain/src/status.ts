/** Every status, in order of how reachable the user is. */
export const statuses = ["ONLINE", "AWAY", "DND", "OFFLINE"] as const;

/** What others see of a user. */
export type Status = (typeof statuses)[number];

/** What a user can choose to stand until it ends; ONLINE is the absence of a claim. */
export type ClaimStatus = Exclude<Status, "ONLINE">;

/** Whether `value` is one of the four words, in capitals. */
export function isStatus(value: string): value is Status {
  return (statuses as readonly string[]).includes(value);
}
