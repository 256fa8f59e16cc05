#!/usr/bin/env node
import { readFileSync } from "node:fs";
import type { Outlet } from "./io.ts";
import { run } from "./run.ts";

// What dependencies should not do any more is not for the users of a command (grpc-js: TLS to an IP address).
process.noDeprecation = true;

const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // Who asks twice does not want to wait for a good end.
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  });
}

process.exitCode = await run(process.argv.slice(2), {
  out: outlet(process.stdout),
  err: outlet(process.stderr),
  env: process.env,
  version: ownVersion(),
  now: () => new Date(),
  interrupted: interrupt.signal,
});

function outlet(stream: NodeJS.WriteStream): Outlet {
  // The callback of each write tells the same error; unheard, the event would end the process with a stack trace.
  stream.on("error", () => undefined);
  return {
    isTTY: stream.isTTY === true,
    columns: stream.columns,
    rows: stream.rows,
    write: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => (error ? reject(error) : resolve()));
      }),
  };
}

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "unknown";
}
