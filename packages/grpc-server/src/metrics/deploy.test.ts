import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { eventually, refusalOf } from "../generic-client.fixture.ts";
import { type RunningServer, startServer } from "../running-server.fixture.ts";
import { connectTo, Recorded } from "../streams/stream-client.fixture.ts";
import { parsePromql } from "./promql.fixture.ts";
import { type Scrape, scrape } from "./scrape.fixture.ts";

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const file = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");
const runbooks = file("docs/observability.md");
const alerts = (parse(file("deploy/prometheus/alerts.yaml")) as { groups: { rules: Alert[] }[] }).groups.flatMap(({ rules }) => rules);
const dashboard = JSON.parse(file("deploy/grafana/presence.json")) as { panels: readonly Panel[] };
const panels = dashboard.panels.filter(({ type }) => type !== "row");

/** Prometheus adds it to every series. */
const addedByPrometheus = ["instance"];

let server: RunningServer;
let found: Scrape;

/** Everything happens once that a server counts under a label: logins, a refusal, an expiry, a stream that ends. */
beforeAll(async () => {
  server = await startServer({ PRESENCE_LEASE_TTL: "2s", PRESENCE_HEARTBEAT: "500ms", PRESENCE_GRACE: "1s" });
  await server.client.call("Connect", { user_id: "alice", device_id: "phone" });
  await refusalOf(server.client.call("GetPresence", { user_id: "" }));
  const client = connectTo(server.address);
  const watch = client.watchPresence({ userIds: ["alice"] });
  const watched = new Recorded(watch);
  await watched.until("a snapshot", (messages) => messages.length > 0);
  watch.cancel();
  const attach = client.attach();
  attach.write({ requestId: 1n, request: { $case: "activity", value: { userId: "", deviceId: "", idleFor: undefined } } });
  const attached = new Recorded(attach);
  await attached.until("an answer", (messages) => messages.length > 0);
  attach.end();
  await eventually(async () => {
    found = await scrape(server.log());
    expect(found.value("presence_transitions_total", { cause: "lease-lapsed" })).toBe(1);
    expect(found.value("presence_streams_ended_total")).toBe(2);
  }, 8_000);
  client.close();
});
afterAll(() => server.close());

/** Labels of a metric, and its values of one of them. */
function labelsOf(name: string): Set<string> {
  return new Set([
    ...found.samples.filter((sample) => sample.name === name).flatMap(({ labels }) => Object.keys(labels)),
    ...addedByPrometheus,
  ]);
}

/** Fails where an expression looks at what a running server does not tell. `INTERNAL` and the like need a fault to be there. */
function check(expression: string): void {
  // Grafana's own variables, as it fills them in.
  const filled = expression.replaceAll("$__rate_interval", "5m").replaceAll("$instance", ".*");
  const { selectors, groupedBy } = parsePromql(filled);
  expect(selectors.length, expression).toBeGreaterThan(0);
  for (const { name, labels, exact } of selectors) {
    expect(found.value(name), `${name} is in no scrape: ${expression}`).toBeDefined();
    for (const label of labels) expect([...labelsOf(name)], `${name} has no label ${label}`).toContain(label);
    const { code: _, ...values } = exact;
    expect(found.value(name, values), `no ${name} with ${JSON.stringify(values)}`).toBeDefined();
  }
  const all = new Set(selectors.flatMap(({ name }) => [...labelsOf(name)]));
  for (const label of groupedBy) expect([...all], `nothing to group by ${label}: ${expression}`).toContain(label);
}

describe("the alert rules", () => {
  test.each(alerts.map((alert) => [alert.alert, alert] as const))("%s looks at metrics that are there", (_, { expr }) => check(expr));

  test.each(alerts.map((alert) => [alert.alert, alert] as const))("%s says what is wrong and where it is explained", (name, alert) => {
    expect(["critical", "warning"]).toContain(alert.labels.severity);
    expect(alert.annotations.summary.length).toBeGreaterThan(10);
    expect(alert.annotations.runbook).toBe(`docs/observability.md#${name.toLowerCase()}`);
    expect(runbooks).toContain(`\n### ${name}\n`);
  });

  test("each has a name of its own, and every runbook an alert", () => {
    const names = alerts.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    const explained = [...runbooks.matchAll(/^### (Presence\w+)$/gm)].map(([, name]) => name);
    expect(explained.sort()).toEqual(names.sort());
  });
});

describe("the dashboard", () => {
  const targets = panels.flatMap(({ title, targets: all = [] }) =>
    all.map(({ expr, legendFormat }) => [title, expr, legendFormat] as const),
  );

  test.each(targets)("%s: %s", (_, expr, legend) => {
    check(expr);
    const names = new Set(parsePromql(expr.replaceAll("$__rate_interval", "5m")).selectors.flatMap(({ name }) => [...labelsOf(name)]));
    for (const [, label = ""] of legend.matchAll(/\{\{(\w+)\}\}/g)) expect([...names]).toContain(label);
  });

  test("panels have ids of their own, say what they show, and do not overlap", () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const taken = new Set<string>();
    for (const { title, description = "", gridPos } of panels) {
      expect(description, title).toMatch(/^[A-Z0-9w].*\.$/);
      for (let { x } = gridPos; x < gridPos.x + gridPos.w; x++) {
        for (let { y } = gridPos; y < gridPos.y + gridPos.h; y++) {
          expect(x, title).toBeLessThan(24);
          expect(taken.has(`${x} ${y}`), title).toBe(false);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });
});

describe("what the server counts", () => {
  const own = () =>
    new Set(found.samples.map(({ name }) => name.replace(/_(bucket|sum|count)$/, "")).filter((name) => name.startsWith("presence_")));

  test("stands in the documentation, and nothing else", () => {
    const documented = [...runbooks.matchAll(/^\| `(presence_\w+)`/gm)].map(([, name]) => name);
    expect(documented.sort()).toEqual([...own()].sort());
  });

  test("is shown on the dashboard", () => {
    const shown = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join("\n");
    for (const name of own()) expect(shown).toContain(name);
  });
});
