import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ofTheClient, variables } from "../packages/grpc-server/src/config/variables.ts";
import { renderChart, valuesAsked } from "./helm-template.ts";
import { root } from "./scratch-checkout.ts";

const chart = join(root, "deploy/helm/presence");
const redis = { url: "redis://redis:6379" };
const pod = { spec: { template: { spec: expect.anything() } } };

/** The deployment's pod, and the environment of its container by name. */
function podUnder(values: Record<string, unknown>): { spec: Record<string, unknown>; env: Record<string, unknown>; container: Container } {
  const { "deployment.yaml": deployment } = renderChart(chart, values) as Record<string, { spec: { template: { spec: Pod } } }>;
  expect(deployment).toMatchObject(pod);
  const spec = deployment?.spec.template.spec;
  const container = spec?.containers[0];
  if (spec === undefined || container === undefined) throw new Error("no container");
  return { spec, container, env: Object.fromEntries(container.env.map(({ name, value, valueFrom }) => [name, value ?? valueFrom])) };
}

interface Container extends Record<string, unknown> {
  readonly env: readonly { readonly name: string; readonly value?: unknown; readonly valueFrom?: unknown }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
}

interface Pod extends Record<string, unknown> {
  readonly containers: readonly Container[];
}

describe("the Helm chart", () => {
  test("every value that it offers is used, and every value that it uses is offered", () => {
    const offered = (values: Record<string, unknown>, path: string): readonly string[] =>
      Object.entries(values).flatMap(([key, value]) =>
        typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
          ? offered(value as Record<string, unknown>, `${path}${key}.`)
          : [`${path}${key}`],
      );
    const asked = valuesAsked(chart);
    const leaves = offered(parse(readFileSync(join(chart, "values.yaml"), "utf8")), "");
    // A map may be asked for as a whole.
    const isAsked = (leaf: string) => asked.some((path) => leaf === path || leaf.startsWith(`${path}.`));
    const isOffered = (path: string) => leaves.some((leaf) => leaf === path || leaf.startsWith(`${path}.`));
    expect(leaves.filter((leaf) => !isAsked(leaf))).toEqual([]);
    expect(asked.filter((path) => !isOffered(path))).toEqual([]);
  });

  test("refuses to be installed without a Redis: replicas would each keep their own presence", () => {
    expect(() => renderChart(chart, {})).toThrow("set redis.existingSecret or redis.url");
  });

  test("sets nothing that the server does not know, and requires that callers say who they are", () => {
    const { env } = podUnder({ redis, env: { PRESENCE_GRACE: "10s" } });
    const known = new Set<string>([...Object.keys(variables), ...ofTheClient]);
    expect(Object.keys(env).filter((name) => !known.has(name))).toEqual([]);
    expect(env).toMatchObject({
      PRESENCE_AUTH: "session",
      PRESENCE_ALLOW_INSECURE: "false",
      PRESENCE_HOST: "0.0.0.0",
      PRESENCE_GRACE: "10s",
    });
    expect(Object.values(env).every((value) => typeof value === "string")).toBe(true);
  });

  test("takes the URL of Redis from a secret, and shows none then", () => {
    const { env } = podUnder({ redis: { ...redis, existingSecret: "presence-redis" } });
    expect(env.REDIS_URL).toEqual({ secretKeyRef: { name: "presence-redis", key: "REDIS_URL" } });
  });

  test("the pod runs as nobody in particular, writes nothing, and is told nothing of other services", () => {
    const { spec, container } = podUnder({ redis });
    expect(spec).toMatchObject({
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(container.resources).toMatchObject({ requests: { memory: "256Mi" }, limits: { memory: "1Gi" } });
  });

  test("probes and services ask ports that the pod has, and the server listens there", () => {
    const { container, env } = podUnder({ redis });
    const ports = Object.fromEntries(container.ports.map(({ name, containerPort }) => [name, String(containerPort)]));
    expect(ports).toEqual({ grpc: env.PRESENCE_PORT, metrics: env.PRESENCE_METRICS_PORT });
    expect(container).toMatchObject({
      startupProbe: { httpGet: { path: "/healthz", port: "metrics" } },
      livenessProbe: { httpGet: { path: "/healthz", port: "metrics" } },
      readinessProbe: { httpGet: { path: "/readyz", port: "metrics" } },
    });
    const { "service.yaml": service } = renderChart(chart, { redis, service: { clusterIP: "None" } });
    expect(service).toMatchObject({
      spec: {
        clusterIP: "None",
        ports: [
          { port: 50051, targetPort: "grpc" },
          { port: 9464, targetPort: "metrics" },
        ],
      },
    });
  });

  test("a rolling update never has fewer servers, and gives streams their 10 s to move", () => {
    const { "deployment.yaml": deployment, "pod-disruption-budget.yaml": budget } = renderChart(chart, { redis });
    expect(deployment).toMatchObject({
      spec: { replicas: 3, strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } },
    });
    expect(budget).toMatchObject({ kind: "PodDisruptionBudget", spec: { maxUnavailable: 1 } });
    const { spec } = podUnder({ redis, preStopSeconds: 5 });
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(5 + 10);
  });

  test("all three select the same pods", () => {
    const {
      "deployment.yaml": deployment,
      "service.yaml": service,
      "pod-disruption-budget.yaml": budget,
      "service-monitor.yaml": monitor,
    } = renderChart(chart, { redis, serviceMonitor: { enabled: true, labels: { release: "prometheus" } } });
    const labels = { "app.kubernetes.io/name": "presence", "app.kubernetes.io/instance": "test" };
    expect(deployment).toMatchObject({ spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } } });
    expect(service).toMatchObject({ metadata: { labels }, spec: { selector: labels } });
    expect(budget).toMatchObject({ spec: { selector: { matchLabels: labels } } });
    expect(monitor).toMatchObject({
      metadata: { labels: { release: "prometheus" } },
      spec: { selector: { matchLabels: labels }, endpoints: [{ port: "metrics", path: "/metrics" }] },
    });
  });

  test("what is switched off is not there", () => {
    const manifests = renderChart(chart, { redis, podDisruptionBudget: { enabled: false } });
    expect(manifests["pod-disruption-budget.yaml"]).toBeUndefined();
    expect(manifests["service-monitor.yaml"]).toBeUndefined();
  });

  test("lists and maps of Kubernetes' own are passed on as they are", () => {
    const tolerations = [{ key: "dedicated", operator: "Equal", value: "presence" }];
    const volume = { name: "tls", secret: { secretName: "presence-tls" } };
    const mount = { name: "tls", mountPath: "/tls", readOnly: true };
    const { spec, container } = podUnder({
      redis,
      tolerations,
      extraVolumes: [volume],
      extraVolumeMounts: [mount],
      nodeSelector: { disk: "ssd" },
      imagePullSecrets: [{ name: "registry" }],
      priorityClassName: "high",
    });
    expect(spec).toMatchObject({ tolerations, volumes: [volume], nodeSelector: { disk: "ssd" }, imagePullSecrets: [{ name: "registry" }] });
    expect(container.volumeMounts).toEqual([mount]);
  });

  test("the guide sets values that it offers", () => {
    const guide = readFileSync(join(root, "docs/deployment.md"), "utf8");
    const [command = ""] = /helm upgrade .*/.exec(guide) ?? [];
    const set = [...command.matchAll(/--set ([\w.]+)=(\S+)/g)].map(([, path = "", value = ""]) => [path, value] as const);
    expect(set.map(([path]) => path).filter((path) => !valuesAsked(chart).includes(path))).toEqual([]);
    const given = Object.fromEntries(set.map(([path, value]) => [path.split(".")[0] ?? "", { [path.split(".")[1] ?? ""]: value }]));
    expect(podUnder(given).env.REDIS_URL).toEqual({ secretKeyRef: { name: "presence-redis", key: "REDIS_URL" } });
  });
});
