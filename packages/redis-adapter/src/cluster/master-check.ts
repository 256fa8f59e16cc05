import { PresenceError } from "@presence/domain";
import type { Cluster, Redis } from "ioredis";
import { fromRedis } from "../redis-errors.ts";
import { type NodeKey, nodeOf, ownersOf } from "./connect-cluster.ts";

/** What a check of all masters came to. */
export interface CheckedMasters {
  /**
   * Whether a master is another one than before, or has begun anew: it may lack writes that the one before had acknowledged. Undefined:
   * there is only the one that has the clock, which tells by itself.
   */
  readonly changed: boolean | undefined;
  /** The tick that followed was acknowledged: these masters are the known ones from now on. */
  accept(): void;
}

/**
 * The clock lies on one node, and says nothing about the others. So every master has to answer before a tick, and one that has
 * changed counts as lost writes.
 */
export class MasterCheck {
  readonly #cluster: Cluster;
  /** By node: the run that answered, for masters of the last accepted check. */
  #known: ReadonlyMap<NodeKey, string> | undefined;
  /** A connection speaks with one run of its node; the next one is asked again. */
  readonly #runs = new WeakMap<Redis["stream"], string>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** @throws PresenceError `UNAVAILABLE` where a master does not answer, or a slot has none */
  async check(): Promise<CheckedMasters> {
    const owners = [...ownersOf(this.#cluster)];
    if (owners.length === 0) throw PresenceError.unavailable("the cluster is not known yet", 500);
    const runs = new Map(await Promise.all(owners.map(async (key) => [key, await this.#runOf(key)] as const)));
    const known = this.#known;
    // A master that is new beside the known ones was given slots by resharding, with all that was in them.
    const changed = known !== undefined && [...known].some(([key, run]) => runs.get(key) !== run);
    return {
      changed,
      accept: () => {
        this.#known = runs;
      },
    };
  }

  async #runOf(key: NodeKey): Promise<string> {
    const node = nodeOf(this.#cluster, key);
    if (node === undefined) throw PresenceError.unavailable(`the cluster's master ${key} is gone`, 500);
    try {
      const before = this.#runs.get(node.stream);
      if (node.status === "ready" && before !== undefined) {
        await node.ping();
        return before;
      }
      const run = /run_id:(\w+)/.exec(await node.info("server"))?.[1] ?? "";
      this.#runs.set(node.stream, run);
      return run;
    } catch (error) {
      throw fromRedis(error);
    }
  }
}
