import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@presence/redis-fixture";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ofTheClient, variables } from "../packages/grpc-server/src/config/variables.ts";
import { readConfig } from "../packages/grpc-server/src/config.ts";
import { dockerfile, environmentOf, isIgnored, lastOf } from "./dockerfile.ts";
import { root } from "./scratch-checkout.ts";

const known = new Set<string>([...Object.keys(variables), ...ofTheClient]);
const image = dockerfile().at(-1);
const read = (file: string) => readFileSync(join(root, file), "utf8");

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports: readonly string[];
  readonly networks: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
}

describe("the Dockerfile", () => {
  test("copies only what the checkout has and Docker is sent", () => {
    const copies = dockerfile()
      .flatMap(({ instructions }) => instructions)
      .filter(({ word, rest }) => word === "COPY" && !rest.startsWith("--from="))
      .flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1));
    expect(copies.length).toBeGreaterThan(3);
    expect(copies.filter((file) => !existsSync(join(root, file)) || isIgnored(file))).toEqual([]);
  });

  test("sends no secrets, no history and nothing that is made", () => {
    for (const path of [
      ".git/config",
      ".env",
      "packages/cli/.env",
      "deploy/tls/server.key",
      "packages/cli/dist/main.js",
      "node_modules/x",
    ]) {
      expect(isIgnored(path), path).toBe(true);
    }
    for (const path of ["packages/redis-adapter/lua/commit.lua", "proto/presence/v1/presence.proto", "turbo.json", "tsconfig.base.json"]) {
      expect(isIgnored(path), path).toBe(false);
    }
  });

  test("runs Node 24 as somebody who is not root, whom Kubernetes can tell from root", () => {
    expect(dockerfile().map(({ base }) => base)).toEqual(["node:24-bookworm-slim", "node:24-bookworm-slim"]);
    expect(lastOf(image, "USER")).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  test("exposes the ports that the server takes by itself, and sets nothing that the server does not know", () => {
    expect(lastOf(image, "EXPOSE")).toBe(`${variables.PRESENCE_PORT.default} ${variables.PRESENCE_METRICS_PORT.default}`);
    const { NODE_ENV, ...settings } = environmentOf(image);
    expect(NODE_ENV).toBe("production");
    expect(Object.keys(settings).filter((name) => !known.has(name))).toEqual([]);
  });
});

describe("docker-compose.yml", () => {
  const { services, volumes, networks }: Record<string, Record<string, Service>> = parse(read("docker-compose.yml"));
  const { redis, presence } = services ?? {};
  if (redis === undefined || presence === undefined) throw new Error("redis and presence");

  test("the server starts on a Redis that is healthy, with settings that it accepts", () => {
    expect(presence.depends_on).toEqual({ redis: { condition: "service_healthy" } });
    expect(redis.healthcheck?.test).toEqual(["CMD", "redis-cli", "ping"]);
    // The server's health check is the image's own.
    expect(lastOf(image, "HEALTHCHECK")).toContain("/readyz");
    const { NODE_ENV: _, ...settings } = environmentOf(image);
    const config = readConfig({ ...settings, ...presence.environment });
    expect(config).toMatchObject({ host: "0.0.0.0" });
    expect(new URL(presence.environment?.REDIS_URL ?? "").hostname in (services ?? {})).toBe(true);
  });

  test("all ports are this machine's alone: every caller may do everything", () => {
    expect(presence.environment).toMatchObject({ PRESENCE_ALLOW_INSECURE: "true" });
    const ports = [...redis.ports, ...presence.ports];
    expect(ports).toHaveLength(3);
    expect(ports.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
    expect([...redis.networks, ...presence.networks].filter((name) => !(name in (networks ?? {})))).toEqual([]);
  });

  test("the server writes nothing, and has no privilege", () => {
    expect(presence).toMatchObject({ read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
  });

  test("Redis accepts its command line, and is then as presence wants it", async () => {
    expect(redis.image).toMatch(/^redis:7/);
    expect(volumes).toHaveProperty("redis");
    const dir = mkdtempSync(join(tmpdir(), "presence-compose-"));
    const [command = "", ...args] = redis.command ?? [];
    const port = String(await freePort());
    const child = spawn(command, [...args, "--port", port, "--bind", "127.0.0.1", "--dir", dir], { stdio: "ignore" });
    const exited = once(child, "close");
    const ask = (...words: string[]) => spawnSync("redis-cli", ["-p", port, ...words], { encoding: "utf8" }).stdout.trim();
    try {
      await expect.poll(() => ask("ping"), { timeout: 10_000 }).toBe("PONG");
      expect(ask("config", "get", "maxmemory-policy")).toBe("maxmemory-policy\nnoeviction");
      expect(ask("config", "get", "appendonly")).toBe("appendonly\nyes");
      const [, flags = ""] = ask("config", "get", "notify-keyspace-events").split("\n");
      expect([...flags].toSorted()).toEqual([..."EKegsx"].toSorted());
    } finally {
      child.kill();
      await exited;
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

describe("the systemd unit", () => {
  const unit = read("deploy/systemd/presence.service");
  const environment = read("deploy/systemd/presence.env");
  const settings = new Map([...unit.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]));

  test("runs the same command as the image, from the folder that holds its files", () => {
    const [node = "", ...args] = (settings.get("ExecStart") ?? "").split(" ");
    expect(node).toBe("/usr/bin/node");
    expect([node.replace("/usr/bin/", ""), ...args]).toEqual(JSON.parse(lastOf(image, "CMD")));
    expect(settings.get("WorkingDirectory")).toBe("/opt/presence");
    expect(settings.get("EnvironmentFile")).toBe("/etc/presence/presence.env");
  });

  test("its settings are known to the server, and accepted", () => {
    const set = [...environment.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value] as const);
    expect(set.map(([name]) => name).filter((name) => !known.has(name))).toEqual([]);
    expect(readConfig(Object.fromEntries(set))).toMatchObject({ host: "127.0.0.1" });
  });

  test("is shut in, is started again when it fails but not over bad settings, and may drain its streams", () => {
    const wanted = {
      DynamicUser: "yes",
      ProtectSystem: "strict",
      NoNewPrivileges: "yes",
      Restart: "on-failure",
      RestartPreventExitStatus: "2",
    };
    expect(Object.fromEntries(settings)).toMatchObject(wanted);
    expect(Number.parseInt(settings.get("TimeoutStopSec") ?? "", 10)).toBeGreaterThan(10);
    // Each section stands there once, and each line in it is a setting.
    expect(unit.match(/^\[\w+\]$/gm)).toEqual(["[Unit]", "[Service]", "[Install]"]);
    expect(unit.split("\n").filter((line) => !/^(#.*|\[\w+\]|\w+=.*)?$/.test(line))).toEqual([]);
  });

  test("the guide installs it as the image is made", () => {
    const guide = read("docs/deployment.md");
    const deploy = dockerfile().flatMap(({ instructions }) =>
      instructions.flatMap(({ rest }) => /pnpm (--filter .*) \/app/.exec(rest) ?? []),
    );
    expect(guide).toContain(`pnpm ${deploy[1]} ${settings.get("WorkingDirectory")}`);
    const sources = [...guide.matchAll(/install -D -m \d+ (\S+) (\S+)/g)].map(([, source = "", target = ""]) => [source, target]);
    expect(sources.map(([source = ""]) => existsSync(join(root, source)))).toEqual([true, true]);
    expect(sources.map(([, target]) => target)).toEqual([settings.get("EnvironmentFile"), "/etc/systemd/system/presence.service"]);
  });

  test("systemd accepts it, where there is one to ask", () => {
    const dir = mkdtempSync(join(tmpdir(), "presence-unit-"));
    // Its own paths exist on the machine that it is made for.
    const here = unit.replaceAll("/usr/bin/node", process.execPath).replaceAll("/opt/presence", dir);
    writeFileSync(join(dir, "presence.service"), here);
    const { status, stderr, error } = spawnSync("systemd-analyze", ["verify", join(dir, "presence.service")], { encoding: "utf8" });
    rmSync(dir, { recursive: true, force: true });
    const answer = error === undefined ? `${status} ${stderr}` : error.message;
    expect(answer.trim()).toMatch(/^0$|ENOENT/);
  });
});

describe("the workflows", () => {
  const workflows = readdirSync(join(root, ".github/workflows"));

  test.each(workflows)("%s runs scripts that exist and may be run, and has a time limit", (file) => {
    const { jobs }: { jobs: Record<string, { "timeout-minutes"?: number; steps: readonly { run?: string; uses?: string }[] }> } = parse(
      read(`.github/workflows/${file}`),
    );
    for (const [name, job] of Object.entries(jobs)) {
      expect(job["timeout-minutes"], name).toBeGreaterThan(0);
      const lines = job.steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
      for (const [script] of lines.flatMap((line) => [...line.matchAll(/(?:script|\.ci)\/\w+/g)])) {
        expect(() => accessSync(join(root, script), constants.R_OK), script).not.toThrow();
      }
    }
  });
});
