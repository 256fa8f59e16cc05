import { connect, type Socket } from "node:net";

const connectMs = 2_000;
const drainMs = 500;

/** A connection that sends whatever it is told, and reads without looking. Nothing that goes wrong on it is an error: the peer may end it. */
export class RawConnection {
  readonly #socket: Socket;
  #open = true;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#open = false;
    });
    socket.resume();
  }

  /** Undefined: the server took none. */
  static async open(address: string): Promise<RawConnection | undefined> {
    const socket = connect({ host: "127.0.0.1", port: Number(address.split(":").at(-1)), noDelay: true });
    const connection = new RawConnection(socket);
    await happens(socket, "connect", connectMs);
    if (connection.#open && !socket.connecting) return connection;
    socket.destroy();
    return undefined;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Sends, and waits a little where the peer does not read. */
  async send(bytes: Uint8Array): Promise<void> {
    if (!this.#open || this.#socket.write(bytes)) return;
    await happens(this.#socket, "drain", drainMs);
  }

  /** Reads no more. */
  deaf(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Waits until the event, the end of the socket, or the time is over. */
function happens(socket: Socket, event: "connect" | "drain", ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      socket.off(event, done).off("close", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    socket.once(event, done).once("close", done);
  });
}
