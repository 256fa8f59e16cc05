import { createConnection } from "node:net";

const timeoutMs = 2_000;

/** Sends one command on a connection of its own. @throws Error where nobody answers */
export function askRedis(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, "127.0.0.1", () => socket.write(`${command}\r\n`));
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString().split("\r\n")[0] ?? "");
    });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer to ${command} in ${timeoutMs} ms`)));
    socket.once("error", reject);
  });
}
