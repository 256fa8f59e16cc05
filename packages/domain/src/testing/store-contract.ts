import { brokenDataRules } from "./broken-data-rules.ts";
import { clockRules } from "./clock-rules.ts";
import { commitRules } from "./commit-rules.ts";
import { dueRules } from "./due-rules.ts";
import { eventRules } from "./event-rules.ts";
import type { ContractRule } from "./harness.ts";
import { loadRules } from "./load-rules.ts";
import { raceRules } from "./race-rules.ts";
import { recordRules } from "./record-rules.ts";
import { renewRules } from "./renew-rules.ts";
import { repairRules } from "./repair-rules.ts";
import { scanRules } from "./scan-rules.ts";
import { sessionFieldRules } from "./session-field-rules.ts";

/** What every `PresenceStore` must do. */
export const storeContract: readonly ContractRule[] = [
  ...loadRules,
  ...recordRules,
  ...commitRules,
  ...raceRules,
  ...sessionFieldRules,
  ...renewRules,
  ...dueRules,
  ...scanRules,
  ...clockRules,
  ...eventRules,
  ...brokenDataRules,
  ...repairRules,
];
