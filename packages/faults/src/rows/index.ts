import { attachedRestart } from "./attached-restart.ts";
import { outages } from "./outages.ts";
import type { Row } from "./row.ts";
import { silentClients } from "./silent-clients.ts";
import { slowWatcher } from "./slow-watcher.ts";
import { subscriberCut } from "./subscriber-cut.ts";

/** Every fault that can be played, in the order of the table. */
export const rows: readonly Row[] = [silentClients, ...outages, attachedRestart, subscriberCut, slowWatcher];
