import { connect } from "node:net";

const answerTimeoutMs = 500;

/**
 * Whether the Redis server with this process id answers on a loopback port and has loaded its data. Another server may have
 * taken the port, so an answer alone proves nothing; one that asks for a password first is taken at its word.
 */
export function isServing(port: number, pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("INFO\r\n"));
    socket.setTimeout(answerTimeoutMs, () => socket.destroy());
    let answer = "";
    socket.on("data", (data) => {
      answer += data.toString();
      const server = /^process_id:(\d+)/m.exec(answer)?.[1];
      // A sentinel has nothing to load, and says nothing about it.
      const loading = answer.includes("redis_mode:sentinel") ? "0" : /^loading:(\d)/m.exec(answer)?.[1];
      const refused = answer.startsWith("-NOAUTH");
      if (!refused && (server === undefined || loading === undefined)) return;
      resolve(refused || (Number(server) === pid && loading === "0"));
      socket.destroy();
    });
    // "close" follows, and tells that there was no answer.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(false));
  });
}
