import type { Operations } from "../wire/control.ts";
import { X_PORTS } from "../wire/rendezvous.ts";
import { TcpSocket } from "./net/tcp-socket.ts";

/** A neighbour behind the same NAT that opens a connection every so often, each taking an outside port (assumption 4). */
export class Noise {
  readonly first: Promise<void>;
  readonly #x: string;
  readonly #sockets: TcpSocket[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor({ x, everyMs }: Operations["noise-begin"]["parameters"]) {
    this.#x = x;
    this.first = this.#open();
    this.#timer = setInterval(() => void this.#open(), everyMs);
  }

  /** Stops, closes everything, and tells how many connections were opened. */
  end(): number {
    clearInterval(this.#timer);
    const opened = this.#sockets.length;
    for (const socket of this.#sockets.splice(0)) socket.destroy();
    return opened;
  }

  async #open(): Promise<void> {
    const socket = new TcpSocket({ localPort: 0 });
    this.#sockets.push(socket);
    await socket.connect(this.#x, X_PORTS.probes[0]).catch(() => {}); // a refused connection took a port as well
  }
}
