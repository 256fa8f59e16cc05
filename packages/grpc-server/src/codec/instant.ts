import { type Millis, never } from "@presence/domain";

/** An instant for the wire; what is unknown or never comes is absent. */
export function toDate(instant: Millis | undefined): Date | undefined {
  return instant === undefined || instant === never ? undefined : new Date(instant);
}
