import { connect } from "node:net";

const answerTimeoutMs = 500;

/**
 * The process id of the Redis server that answers on a loopback port, undefined while none does or it still loads its
 * data. Another server may have taken the port, so an answer alone proves nothing.
 */
export function servingProcess(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("INFO\r\n"));
    socket.setTimeout(answerTimeoutMs, () => socket.destroy());
    let info = "";
    socket.on("data", (data) => {
      info += data.toString();
      const pid = /^process_id:(\d+)/m.exec(info)?.[1];
      const loading = /^loading:(\d)/m.exec(info)?.[1];
      if (pid === undefined || loading === undefined) return;
      resolve(loading === "0" ? Number(pid) : undefined);
      socket.destroy();
    });
    // "close" follows, and tells that there was no answer.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(undefined));
  });
}
