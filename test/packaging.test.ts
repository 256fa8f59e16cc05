import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, startRedis } from "@presence/redis-fixture";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildImage, dockerfile, environmentOf, type Image, lastOf } from "./dockerfile.ts";
import { installInto, pack, published, type Tarball, tool } from "./packed-packages.ts";
import { root } from "./scratch-checkout.ts";
import { askHealth, type Served, serve } from "./served.ts";

// One build, as the Dockerfile makes it: the image, the tarballs and what is installed from them all come from it.
const dir = mkdtempSync(join(tmpdir(), "presence-packaging-"));
// Another user is to run what lies in it.
chmodSync(dir, 0o755);
const consumer = join(dir, "consumer");
const final = dockerfile().at(-1);
let image: Image;
let tarballs: readonly Tarball[];

const servers: Served[] = [];
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill();
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

beforeAll(() => {
  const started = performance.now();
  image = buildImage(dir);
  const built = performance.now();
  const checkout = join(image.fileSystem("build"), "build");
  tool(checkout, "turbo", "run", "build", ...Object.keys(published).map((name) => `--filter=${name}`), "--no-update-notifier");
  release(checkout);
  tarballs = pack(checkout, join(dir, "tarballs"));
  installInto(consumer, tarballs);
  const [steps = 0, rest = 0] = [built - started, performance.now() - built].map((ms) => Math.round(ms) / 1_000);
  console.log(`the Dockerfile's steps took ${steps} s, release, packing and installing ${rest} s`);
}, 300_000);

afterAll(() => {
  // Folders that cannot be written to cannot be emptied either, but by root. `rm` takes a tenth of the time.
  spawnSync("chmod", ["-R", "u+w", dir]);
  spawnSync("rm", ["-rf", dir]);
}, 60_000);

/** What the release workflow does before it publishes; it wants a repository, whose history it reads. */
function release(checkout: string): void {
  cpSync(join(root, ".changeset"), join(checkout, ".changeset"), { recursive: true });
  const git = (...args: string[]) => tool(checkout, "git", "-c", "user.name=presence", "-c", "user.email=presence@localhost", ...args);
  git("init", "--quiet", "--initial-branch=main");
  git("add", ".changeset", "package.json");
  git("commit", "--quiet", "--message=changes");
  tool(checkout, "changeset", "version");
  expect(readdirSync(join(checkout, ".changeset")).filter((name) => name.endsWith(".md"))).toEqual([]);
}

function folders(path: string): readonly string[] {
  const entries = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [path, ...entries.flatMap((entry) => folders(join(path, entry.name)))];
}

describe("the image", () => {
  const [command, ...args] = JSON.parse(lastOf(final, "CMD")) as string[];
  const [uid, gid] = lastOf(final, "USER").split(":").map(Number);
  /** As the image's user where this process may become him. */
  const user = process.getuid?.() === 0 ? { uid, gid } : {};

  // The base image's Node: any user may run it, unlike one in somebody's home.
  const node = join(dir, "node");
  beforeAll(() => cpSync(process.execPath, node));
  // Node itself refuses every write then, whoever runs it.
  const readOnly = [
    process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission",
    "--allow-fs-read=*",
  ];

  /** Runs the image's command; its ports are free ones of this machine. */
  async function start(environment: Record<string, string> = {}): Promise<Served> {
    const [port, metrics] = [await freePort(), await freePort()];
    const ports = { PRESENCE_PORT: String(port), PRESENCE_METRICS_PORT: String(metrics) };
    const env = { ...environmentOf(final), PRESENCE_HOST: "127.0.0.1", ...ports, ...environment };
    const server = await serve(node, [...readOnly, ...args], { cwd: image.workingDirectory, env, ...user });
    servers.push(server);
    return server;
  }

  const isHealthy = (metricsPort: string) => {
    const [word = "", probe = "", ...rest] = JSON.parse(lastOf(final, "HEALTHCHECK").replace(/^.*? CMD /, "")) as string[];
    expect([word, probe]).toEqual(["node", "--eval"]);
    return spawnSync(node, [probe, ...rest], { env: { PRESENCE_METRICS_PORT: metricsPort }, ...user }).status === 0;
  };

  test("holds what its command names, no sources, no tests and no tools", () => {
    expect(command).toBe("node");
    expect(args.filter((arg) => !arg.startsWith("-")).map((file) => statSync(join(image.workingDirectory, file)).isFile())).toEqual([true]);
    const modules = readdirSync(join(image.workingDirectory, "node_modules/.pnpm"));
    expect(modules.filter((name) => /^(typescript|vitest|turbo|@bufbuild\+buf|ts-proto)@/.test(name))).toEqual([]);
    expect(readdirSync(image.workingDirectory)).not.toContain("src");
    expect(readdirSync(join(image.workingDirectory, "dist")).filter((name) => /\.(test|fixture)\./.test(name))).toEqual([]);
  });

  test("refuses to be reached by everybody, unless that is said out loud", async () => {
    const env = { ...environmentOf(final), PRESENCE_PORT: "0", PRESENCE_METRICS_PORT: "0" };
    const { status, stderr } = spawnSync(node, args, { cwd: image.workingDirectory, env, encoding: "utf8", timeout: 10_000 });
    expect(status).toBe(2);
    expect(stderr).toContain("PRESENCE_ALLOW_INSECURE");
  });

  test("serves from folders that nobody may write to, as its own user, is found healthy, and ends on its stop signal", async () => {
    const all = folders(image.workingDirectory);
    for (const folder of all) chmodSync(folder, 0o555);
    const before = all.map((folder) => statSync(folder).mtimeMs);
    const redis = await startRedis();
    cleanUps.push(() => redis.stop());
    const server = await start({ REDIS_URL: `redis://127.0.0.1:${redis.port}` });
    expect(await askHealth(server.address)).toBe("SERVING");
    await expect.poll(() => isHealthy(server.env.PRESENCE_METRICS_PORT ?? ""), { timeout: 10_000 }).toBe(true);
    const signal = lastOf(final, "STOPSIGNAL");
    expect(signal).toBe("SIGTERM");
    expect(await server.end(signal)).toBe(0);
    expect(isHealthy(server.env.PRESENCE_METRICS_PORT ?? "")).toBe(false);
    expect(folders(image.workingDirectory).map((folder) => statSync(folder).mtimeMs)).toEqual(before);
  });

  test("is not healthy while its Redis is away", async () => {
    const redis = await startRedis();
    cleanUps.push(() => redis.stop());
    const server = await start({ REDIS_URL: `redis://127.0.0.1:${redis.port}` });
    const port = server.env.PRESENCE_METRICS_PORT ?? "";
    await expect.poll(() => isHealthy(port), { timeout: 10_000 }).toBe(true);
    await redis.stop();
    await expect.poll(() => isHealthy(port), { timeout: 10_000 }).toBe(false);
  });
});

describe("the packages", () => {
  test.each(Object.keys(published))("%s: publint finds nothing, and a consumer finds all that is named", async (name) => {
    const tarball = tarballOf(name);
    const { buffer } = Uint8Array.from(readFileSync(tarball.path));
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
    expect(tarball.manifest).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      license: "MIT",
      engines: { node: ">=20.19" },
    });
    expect(tarball.files).toEqual(expect.arrayContaining(["LICENSE", "README.md"]));
    expect(tarball.files.filter((file) => /(^|\/)src\/|\.(test|fixture)\.|tsbuildinfo|node_modules/.test(file))).toEqual([]);
    const packed = JSON.stringify({ ...tarball.manifest, devDependencies: {}, scripts: {} });
    expect(packed).not.toMatch(/workspace:|catalog:|"source"/);
  });

  test("publishConfig says the same as exports, but for the sources", () => {
    for (const folder of Object.values(published)) {
      const { exports, publishConfig } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
      const conditions = Object.entries<unknown>(exports).map(([path, entry]) => {
        if (typeof entry !== "object" || entry === null) return [path, entry];
        return [path, Object.fromEntries(Object.entries(entry).filter(([condition]) => condition !== "source"))];
      });
      expect(publishConfig, folder).toEqual({ access: "public", exports: Object.fromEntries(conditions) });
    }
  });

  const story = `
    import { createRequire } from "node:module";
    import { createPresenceClient } from "@presence/client";
    import { parseDeviceId, parseUserId, PresenceService, presencePolicy } from "@presence/domain";
    import { memoryAdapter } from "@presence/memory-adapter";

    const policy = presencePolicy();
    const presence = new PresenceService({ ...memoryAdapter({ policy }), policy });
    const alice = parseUserId("alice");
    await presence.connect({ userId: alice, deviceId: parseDeviceId("phone") });
    await presence.setStatus({ userId: alice, status: "DND", message: "on call" });
    const { presence: known } = await presence.get(alice);
    const contract = createRequire(import.meta.url).resolve("@presence/proto/presence.proto");
    console.log(JSON.stringify([known.status, known.message, typeof createPresenceClient, contract]));
  `;

  test("their types compile in a strict project, their own declarations included, and what is compiled runs", () => {
    const loads = entries().map(
      (entry, index) => `import * as entry${index} from "${entry}";\nconsole.log(Object.keys(entry${index}).length);`,
    );
    expect(loads.length).toBeGreaterThanOrEqual(9);
    writeFileSync(join(consumer, "story.ts"), story);
    writeFileSync(join(consumer, "entries.ts"), loads.join("\n"));
    const options = ["--module", "nodenext", "--target", "es2023", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "false"];
    const compiled = inConsumer(join(root, "node_modules/.bin/tsc"), ...options, "--types", "node", "story.ts", "entries.ts");
    expect(compiled.stdout).toBe("");
    // Somebody else's condition `source` must not lead to files that are not in the package.
    for (const conditions of [[], ["--conditions=source"]]) {
      const told = inConsumer(process.execPath, ...conditions, "story.js");
      expect(told.stderr).toBe("");
      expect(JSON.parse(told.stdout)).toEqual(["DND", "on call", "function", expect.stringMatching(/presence\.proto$/)]);
      const loaded = inConsumer(process.execPath, ...conditions, "entries.js");
      expect(loaded.stderr).toBe("");
      expect(
        loaded.stdout
          .trim()
          .split("\n")
          .map(Number)
          .every((names) => names > 0),
      ).toBe(true);
    }
  });

  test("presence-server and presence are installed as commands, and work together", async () => {
    const bin = (name: string) => join(consumer, "node_modules/.bin", name);
    const env = { PRESENCE_PORT: String(await freePort()), PRESENCE_METRICS_PORT: "off" };
    const server = await serve(bin("presence-server"), [], { cwd: consumer, env });
    servers.push(server);
    const presence = (...args: string[]) =>
      tool(consumer, bin("presence"), ...args, ...(args[0] === "--help" ? [] : ["--server", server.address]));
    expect(presence("--help")).toMatch(/Usage: presence/);
    expect(presence("set", "alice", "dnd", "--message", "on call")).toContain("DND");
    expect(presence("get", "alice")).toMatch(/^alice\tDND\t.*on call/);
    expect(await server.end("SIGTERM")).toBe(0);
  });
});

function inConsumer(command: string, ...args: readonly string[]): { readonly stdout: string; readonly stderr: string } {
  return spawnSync(command, args, { cwd: consumer, encoding: "utf8" });
}

/** What a program may import, of all packages. */
function entries(): readonly string[] {
  return tarballs.flatMap(({ manifest: { name, exports = {} } }) =>
    Object.entries(exports).flatMap(([path, entry]) => (typeof entry === "object" ? [`${name}${path.slice(1)}`] : [])),
  );
}

function tarballOf(name: string): Tarball {
  const found = tarballs.find(({ manifest }) => manifest.name === name);
  if (found === undefined) throw new Error(`${name} is not packed`);
  return found;
}
