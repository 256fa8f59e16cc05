import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { root } from "./scratch-checkout.ts";

export interface Stage {
  /** As other stages call it; empty for the last one. */
  readonly name: string;
  readonly base: string;
  readonly instructions: readonly { readonly word: string; readonly rest: string }[];
}

/** An image, as far as it can be had without Docker. */
export interface Image {
  /** Where the files of a stage lie: its `/`. */
  fileSystem(stage: string): string;
  /** The folder in which the command of the last stage runs. */
  readonly workingDirectory: string;
}

export function dockerfile(): readonly Stage[] {
  const lines = readFileSync(join(root, "Dockerfile"), "utf8")
    .replaceAll(/^\s*#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line.trim() !== "");
  const stages: { name: string; base: string; instructions: { word: string; rest: string }[] }[] = [];
  for (const line of lines) {
    const [, word = "", rest = ""] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (word === "") throw new Error(`no instruction: ${line}`);
    if (word === "FROM") {
      const [base = "", , name = ""] = rest.split(/\s+/);
      stages.push({ name, base, instructions: [] });
    } else stages.at(-1)?.instructions.push({ word, rest });
  }
  return stages;
}

/** The value of an instruction that is JSON, or the last one of its kind. */
export function lastOf(stage: Stage | undefined, word: string): string {
  const found = stage?.instructions.findLast((instruction) => instruction.word === word);
  if (found === undefined) throw new Error(`no ${word}`);
  return found.rest;
}

/** What the image's process finds in its environment. */
export function environmentOf(stage: Stage | undefined): Record<string, string> {
  const set = stage?.instructions.filter(({ word }) => word === "ENV") ?? [];
  return Object.fromEntries(
    set.map(({ rest }) => {
      const at = rest.indexOf("=");
      return [rest.slice(0, at), rest.slice(at + 1)];
    }),
  );
}

/**
 * Carries the Dockerfile out: each stage is a folder, its commands run on this machine. What this leaves unproven is the base image.
 * pnpm is the one that this checkout has, and nothing is fetched that bootstrap has fetched already.
 */
export function buildImage(dir: string): Image {
  const stages = dockerfile();
  const fileSystem = (stage: string) => join(dir, stage === "" ? "final" : stage);
  let workingDirectory = dir;
  for (const stage of stages) {
    const slash = fileSystem(stage.name);
    mkdirSync(slash, { recursive: true });
    workingDirectory = slash;
    for (const { word, rest } of stage.instructions) {
      if (word === "WORKDIR") {
        workingDirectory = join(slash, rest);
        mkdirSync(workingDirectory, { recursive: true });
      } else if (word === "COPY") copy(rest, workingDirectory);
      else if (word === "RUN") run(rest, slash, workingDirectory);
    }
  }
  return { fileSystem, workingDirectory };

  function copy(rest: string, to: string): void {
    const words = rest.split(/\s+/);
    const [, from] = /^--from=(\w+)$/.exec(words[0] ?? "") ?? [];
    const [target = "", ...sources] = words.slice(from === undefined ? 0 : 1).reverse();
    for (const source of sources) {
      if (from !== undefined) {
        // Moved rather than copied: thousands of files, and nobody needs them there any more.
        rmSync(join(to, target), { recursive: true });
        renameSync(join(fileSystem(from), source), join(to, target));
        continue;
      }
      // A folder's content is copied, a file into the folder.
      const path = join(to, target, target.endsWith("/") && /\.\w+$/.test(source) ? basename(source) : "");
      const filter = (file: string) => !isIgnored(relative(root, file));
      cpSync(join(root, source), path, { recursive: true, verbatimSymlinks: true, filter });
    }
  }

  function run(command: string, slash: string, cwd: string): void {
    if (!command.includes("script/toolchain.sh")) throw new Error(`what does it need? ${command}`);
    mkdirSync(join(cwd, ".tools"), { recursive: true });
    cpSync(join(root, ".tools/pnpm-version"), join(cwd, ".tools/pnpm-version"));
    if (!existsSync(join(cwd, ".tools/node_modules"))) symlinkSync(join(root, ".tools/node_modules"), join(cwd, ".tools/node_modules"));
    // A path such as /app is one in the stage.
    const here = command.replaceAll(/(?<=\s)\/\w+/g, (path) => join(slash, path));
    const env = { ...process.env, TURBO_CACHE_DIR: join(root, ".turbo/cache"), NODE_ENV: "" };
    const { status, stdout, stderr } = spawnSync("sh", ["-c", here], { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    if (status !== 0) throw new Error(`${here} ended with ${status}:\n${stdout}${stderr}`);
  }
}

/** Whether `.dockerignore` keeps a path of this checkout from Docker. */
export function isIgnored(path: string): boolean {
  const lines = readFileSync(join(root, ".dockerignore"), "utf8").split("\n");
  return lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .some((pattern) => {
      const anywhere = pattern.startsWith("**/");
      const expression = (anywhere ? pattern.slice(3) : pattern).replaceAll(".", "\\.").replaceAll("*", "[^/]*");
      return new RegExp(`${anywhere ? "(^|/)" : "^"}${expression}(/|$)`).test(path);
    });
}
