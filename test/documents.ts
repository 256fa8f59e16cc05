import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./scratch-checkout.ts";

/** What a newcomer reads; each command in it is proven. */
export const guides: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** The fenced blocks of one language in a Markdown file, with the indentation of their fence taken off. */
export function blocks(document: string, language: string): readonly string[] {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/^( *)```(\w+)\n(.*?)^ *```$/gms)].flatMap(([, indent = "", found, body = ""]) =>
    found === language ? body.replaceAll(new RegExp(`^${indent}`, "gm"), "") : [],
  );
}

/** The command lines in a document, without the remarks behind them. */
export function commands(document: string): readonly string[] {
  return blocks(document, "sh")
    .flatMap((block) => block.replaceAll(/\\\n\s*/g, "").split("\n"))
    .map((line) => line.replace(/(^|\s+)#.*$/, "").trim())
    .filter((line) => line !== "");
}
