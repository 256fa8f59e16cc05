import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { status } from "@grpc/grpc-js";
import type { AttackReport } from "../attacker.ts";
import { CallLoad } from "../call-load.ts";
import type { Lie } from "../lie.ts";
import { usageOf } from "../process-usage.ts";
import { World } from "../world.ts";
import type { Row } from "./row.ts";

const callsPerSecond = 50;
/** Not from `src`: it runs in a process of its own, as it is built. */
const attacker = fileURLToPath(new URL("../../dist/attacker.js", import.meta.url));

/** Somebody attacks one server in every way, while others work on it. */
export const hostilePeer: Row = {
  name: "hostile-peer",
  fault: "10,000 streams, 20,000 resets, messages of 5 MB, bad gzip, random bytes, bad ids, while others work",
  target: "the process lives: crashes 0; others lose nothing",
  heavy: true,
  async play(timing) {
    const world = await World.start({ timing, servers: 1 });
    const [server] = world.servers;
    if (server === undefined) throw new Error("the world has no server");
    const load = new CallLoad({
      users: world.living.map(({ user }) => user),
      channels: world.channels,
      recorder: world.recorder,
      deadlineMs: 10_000,
    });
    try {
      load.start(callsPerSecond);
      await sleep(1_000);
      const { pid } = server;
      const { rssBytes: before = 0 } = usageOf(pid);
      const { damages } = await attack(server.address, 1 / timing.crowdDivisor);
      const { rssBytes: after = 0 } = usageOf(pid);
      await load.stop();
      const broken: Lie[] = server.runs && server.pid === pid ? [] : [{ promise: "reliable", what: `the server has died:\n${server.log}` }];
      // One that is told to try again has not been lied to.
      for (const { code, details } of load.refused().filter((one) => one.code !== status.UNAVAILABLE))
        broken.push({ promise: "reliable", what: `a call of somebody else failed with ${status[code]}: ${details}` });
      const lies = await world.verdict();
      const attacked = damages.map(({ attack, times, answers }) => {
        const counts = Object.entries(answers).map(([answer, count]) => `${count} ${answer}`);
        return `${times} ${attack}${counts.length === 0 ? "" : ` (${counts.join(", ")})`}`;
      });
      return {
        lies: [...lies, ...broken],
        figures: `${attacked.join("; ")}; others: ${load.summary()}; the server grew ${((after - before) / 1024 / 1024).toFixed(0)} MB`,
      };
    } finally {
      await load.stop();
      await world.close();
    }
  },
};

/** @param size 1 for all of it */
async function attack(address: string, size: number): Promise<AttackReport> {
  const child = spawn(process.execPath, [attacker, address, String(size)], { stdio: ["ignore", "pipe", "inherit"] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  process.off("exit", kill);
  if (code !== 0) throw new Error(`the attacker ended with ${code}`);
  return JSON.parse(printed) as AttackReport;
}
