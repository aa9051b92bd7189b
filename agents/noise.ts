import type { Operations } from "../wire/control.ts";
import { X_PORTS } from "../wire/rendezvous.ts";
import { log } from "./channel.ts";
import { TcpSocket } from "./net/tcp-socket.ts";

/** More connections are not held at a time; the oldest ends, and its mapping stays as long as the NAT keeps it. */
const MOST_HELD = 500;

/** A neighbour behind the same NAT that opens a connection every so often, each taking an outside port (assumption 4). */
export class Noise {
  readonly first: Promise<void>;
  readonly #x: string;
  readonly #sockets: TcpSocket[] = [];
  readonly #timer: NodeJS.Timeout;
  #opened = 0;

  constructor({ x, everyMs }: Operations["noise-begin"]["parameters"]) {
    this.#x = x;
    this.first = this.#open();
    this.#timer = setInterval(() => {
      this.#open().catch((error: unknown) => log("noise-failed", String(error)));
    }, everyMs);
  }

  /** Stops, closes everything, and tells how many connections were opened. */
  end(): number {
    clearInterval(this.#timer);
    for (const socket of this.#sockets.splice(0)) socket.destroy();
    return this.#opened;
  }

  async #open(): Promise<void> {
    const socket = new TcpSocket({ localPort: 0 });
    this.#opened += 1;
    if (this.#sockets.push(socket) > MOST_HELD) this.#sockets.shift()?.destroy();
    await socket.connect(this.#x, X_PORTS.probes[0]).catch(() => {}); // a refused connection took a port as well
  }
}
