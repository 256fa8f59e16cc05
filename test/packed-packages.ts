import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { root } from "./scratch-checkout.ts";

/** The packages that are published, and their folders. */
export const published = {
  "@presence/domain": "packages/domain",
  "@presence/memory-adapter": "packages/memory-adapter",
  "@presence/redis-adapter": "packages/redis-adapter",
  "@presence/proto": "proto",
  "@presence/grpc-server": "packages/grpc-server",
  "@presence/client": "packages/client",
  "@presence/cli": "packages/cli",
} as const;

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly engines?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface Tarball {
  readonly path: string;
  readonly manifest: Manifest;
  readonly files: readonly string[];
}

const tools = `${join(root, "node_modules/.bin")}:${join(root, ".tools/node_modules/.bin")}:${process.env.PATH ?? ""}`;

/** Runs one of the toolchain's commands; throws what it printed if it fails. */
export function tool(cwd: string, command: string, ...args: readonly string[]): string {
  const env = {
    ...process.env,
    PATH: tools,
    TURBO_CACHE_DIR: join(root, ".turbo/cache"),
    npm_config_manage_package_manager_versions: "false",
  };
  return execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Packs the published packages of a built checkout, as `changeset publish` does. */
export function pack(checkout: string, into: string): readonly Tarball[] {
  mkdirSync(into, { recursive: true });
  return Object.entries(published).map(([name, folder]) => {
    tool(join(checkout, folder), "pnpm", "pack", "--pack-destination", into);
    const file = readdirSync(into).find((candidate) => candidate.startsWith(`${name.slice(1).replace("/", "-")}-`));
    if (file === undefined) throw new Error(`no tarball of ${name}`);
    const path = join(into, file);
    const manifest: Manifest = JSON.parse(tool(into, "tar", "-xzOf", path, "package/package.json"));
    const files = tool(into, "tar", "-tzf", path).trim().split("\n");
    return { path, manifest, files: files.map((entry) => entry.replace(/^package\//, "")) };
  });
}

interface Lockfile {
  readonly importers: Readonly<Record<string, { readonly dependencies?: Dependencies; readonly devDependencies?: Dependencies }>>;
  readonly packages: Readonly<Record<string, unknown>>;
  readonly snapshots: Readonly<Record<string, unknown>>;
}

type Dependencies = Readonly<Record<string, { readonly version: string }>>;

/**
 * Makes an empty project whose only dependencies are the tarballs, and installs it. A registry is not asked: what the packed manifests
 * ask for is taken in the versions of our lockfile, all of which bootstrap has fetched.
 */
export function installInto(dir: string, tarballs: readonly Tarball[]): void {
  const ours: Lockfile = parse(readFileSync(join(root, "pnpm-lock.yaml"), "utf8"));
  const place = Object.fromEntries(tarballs.map(({ manifest, path }) => [manifest.name, `file:${path}`]));
  const types = ours.importers["."]?.devDependencies?.["@types/node"]?.version ?? "";
  const entries = tarballs.map(({ manifest, path }) => {
    const integrity = `sha512-${createHash("sha512").update(readFileSync(path)).digest("base64")}`;
    const { version } = manifest;
    return [
      `${manifest.name}@file:${path}`,
      { resolution: { integrity, tarball: `file:${path}` }, version, ...("bin" in manifest ? { hasBin: true } : {}) },
    ];
  });
  const snapshots = tarballs.map(({ manifest, path }) => [`${manifest.name}@file:${path}`, { dependencies: locked(manifest) }]);
  const lockfile = {
    lockfileVersion: "9.0",
    settings: { autoInstallPeers: true, excludeLinksFromLockfile: false },
    overrides: place,
    importers: {
      ".": {
        dependencies: Object.fromEntries(Object.entries(place).map(([name, file]) => [name, { specifier: file, version: file }])),
        devDependencies: { "@types/node": { specifier: types, version: types } },
      },
    },
    packages: { ...ours.packages, ...Object.fromEntries(entries) },
    snapshots: { ...ours.snapshots, ...Object.fromEntries(snapshots) },
  };
  mkdirSync(dir, { recursive: true });
  const manifest = { name: "consumer", private: true, type: "module", dependencies: place, devDependencies: { "@types/node": types } };
  writeFileSync(join(dir, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(dir, "pnpm-workspace.yaml"), stringify({ overrides: place, trustLockfile: true }));
  writeFileSync(join(dir, "pnpm-lock.yaml"), stringify(lockfile));
  tool(dir, "pnpm", "install", "--frozen-lockfile", "--offline", "--ignore-scripts");

  function locked({ name, dependencies = {} }: Manifest): Record<string, string> {
    const folder = Object.entries(published).find(([candidate]) => candidate === name)?.[1] ?? "";
    return Object.fromEntries(
      Object.entries(dependencies).map(([dependency, range]) => {
        const version = place[dependency] ?? ours.importers[folder]?.dependencies?.[dependency]?.version;
        if (version === undefined) throw new Error(`${name} needs ${dependency}, which the lockfile does not know`);
        const own = tarballs.find((tarball) => tarball.manifest.name === dependency)?.manifest.version ?? version.replace(/\(.*/, "");
        if (range !== own) throw new Error(`${name} asks for ${dependency}@${range}, but it is ${own}`);
        return [dependency, version];
      }),
    );
  }
}
