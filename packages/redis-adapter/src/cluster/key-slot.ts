/// <reference path="./cluster-key-slot.d.ts" />
import calculateSlot from "cluster-key-slot";

/** The slot of a key or channel in a Redis Cluster, 0 to 16,383: that of its hash tag, if it has one. */
export function slotOf(key: string): number {
  return calculateSlot(key);
}
