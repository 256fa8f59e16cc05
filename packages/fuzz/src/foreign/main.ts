import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endOnSignal, startRedis, tokenOf } from "@presence/redis-fixture";
import { pythonWithGrpc } from "./python.ts";
import { startServers } from "./servers.ts";

const usage = `Checks real servers, in the clear and with TLS, with a client on grpcio, which shares no code with grpc-js.

  script/foreign-client                    with the python3 that has grpcio
  PYTHON=… script/foreign-client           with this one

Exit codes: 0 all is well, 1 something is not, 2 wrong usage, or no Python with grpcio.`;

const clientFile = fileURLToPath(new URL("../../foreign/client.py", import.meta.url));
/** Every call of the client has a deadline of its own; a client that takes longer hangs. */
const clientMs = 120_000;

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  console.log(usage);
  process.exit(0);
}
if (args.length > 0) refuse(`'${args.join(" ")}' is not understood\n\n${usage}`);
const python = pythonWithGrpc();
if (python === undefined) {
  refuse("no Python with grpcio: apt install python3-grpcio, or pip install grpcio; PYTHON says which Python, if not python3");
}

endOnSignal();
const dir = mkdtempSync(join(tmpdir(), "presence-foreign-"));
process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
const redis = await startRedis();
const servers = await startServers(dir, redis.url);
const addresses = Object.fromEntries(servers.map(({ name, address }) => [name, address]));
writeFileSync(join(dir, "settings.json"), JSON.stringify({ addresses, token: tokenOf("alice", 600) }));
const held = await clientHeld(python);
let clean = true;
for (const server of servers) {
  const code = await server.stop();
  if (code === 0 && server.faults === 0) continue;
  clean = false;
  console.error(`the server '${server.name}' ended with ${code}, and has ${server.faults} lines of errors in its log:\n${server.log}`);
}
await redis.stop();
process.exit(held && clean ? 0 : 1);

async function clientHeld(python: string): Promise<boolean> {
  // grpcio prints every handshake that fails, as some are to do.
  const env = { ...process.env, GRPC_VERBOSITY: process.env.GRPC_VERBOSITY ?? "NONE" };
  // Without -B Python leaves compiled files in the checkout.
  const child = spawn(python, ["-B", clientFile, dir], { stdio: ["ignore", "inherit", "inherit"], env, timeout: clientMs });
  process.once("exit", () => child.kill());
  const [code] = await once(child, "exit");
  return code === 0;
}

function refuse(message: string): never {
  console.error(`script/foreign-client: ${message}`);
  process.exit(2);
}
