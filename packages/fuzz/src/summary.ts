import type { Report } from "./fuzz.ts";

/** What a run found, in Markdown. */
export function summary(reports: readonly Report[], seed: number, tookMs: number): string {
  const total = { runs: 0, sent: 0 };
  const byAttack = new Map<string, { runs: number; sent: number }>();
  for (const { attacks } of reports) {
    for (const [name, { runs, sent }] of attacks) {
      const before = byAttack.get(name) ?? { runs: 0, sent: 0 };
      byAttack.set(name, { runs: before.runs + runs, sent: before.sent + sent });
      total.runs += runs;
      total.sent += sent;
    }
  }
  const mb = (value: number) => Math.round(value);
  const rows = [...byAttack].sort(([a], [b]) => a.localeCompare(b)).map(([name, { runs, sent }]) => `| ${name} | ${runs} | ${sent} |`);
  const targets = reports.map(
    ({ target, rssMb, slowestAnswerMs, problems }) =>
      `| ${target} | ${mb(rssMb.start)} → ${mb(rssMb.most)} → ${mb(rssMb.end)} | ${Math.round(slowestAnswerMs)} | ${problems.length === 0 ? "held" : problems.slice(0, 5).join("; ")} |`,
  );
  const lost = reports.reduce((sum, { attackersLost }) => sum + attackersLost, 0);
  return [
    `Seed ${seed}, ${Math.round(tookMs / 1_000)} s, ${total.runs} attacks, ${total.sent} calls and frames, Node ${process.versions.node}.`,
    ...(lost === 0 ? [] : [`${lost} ${lost === 1 ? "attacker died and was" : "attackers died and were"} replaced.`]),
    "",
    "| server | memory in MB: start → most → end | slowest answer in ms | verdict |",
    "|---|---|---|---|",
    ...targets,
    "",
    "| attack | runs | calls or frames |",
    "|---|---|---|",
    ...rows,
  ].join("\n");
}
