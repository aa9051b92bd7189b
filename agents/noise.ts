import type { Operations } from "../wire/control.ts";
import { X_PORTS } from "../wire/rendezvous.ts";
import { seededDraws } from "../wire/seeded.ts";
import { log } from "./channel.ts";
import { TcpSocket } from "./net/tcp-socket.ts";

/** More connections are not held at a time; the oldest ends, and its mapping stays as long as the NAT keeps it. */
const MOST_HELD = 500;

/** A neighbour behind the same NAT that opens connections to X, each taking an outside port (assumption 4). */
export class Noise {
  /** Where arrivals are regular, the first connection is part of the beginning; by chance, even the first comes when it comes. */
  readonly first: Promise<void>;
  readonly #x: string;
  readonly #sockets: TcpSocket[] = [];
  readonly #pauses: Iterator<number, never>;
  /** When the next connection is due: pauses add up even where a busy machine's timers are late. */
  #dueMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #opened = 0;

  constructor({ x, ...traffic }: Operations["noise-begin"]["parameters"]) {
    this.#x = x;
    this.#pauses = pausesOf(traffic);
    this.first = traffic.arrivals === "regular" ? this.#open() : Promise.resolve();
    this.#wait();
  }

  /** Stops, closes everything, and tells how many connections were opened. */
  end(): number {
    clearTimeout(this.#timer);
    for (const socket of this.#sockets.splice(0)) socket.destroy();
    return this.#opened;
  }

  #wait(): void {
    this.#dueMs += this.#pauses.next().value;
    this.#timer = setTimeout(() => {
      this.#open().catch((error: unknown) => log("noise-failed", String(error)));
      this.#wait();
    }, this.#dueMs - performance.now());
  }

  async #open(): Promise<void> {
    const socket = new TcpSocket({ localPort: 0 });
    this.#opened += 1;
    if (this.#sockets.push(socket) > MOST_HELD) this.#sockets.shift()?.destroy();
    await socket.connect(this.#x, X_PORTS.probes[0]).catch(() => {}); // a refused connection took a port as well
  }
}

/** Time between one connection and the next, in ms. In a Poisson process it is exponentially distributed. */
export function* pausesOf({
  everyMs,
  arrivals,
  seed,
}: Omit<Operations["noise-begin"]["parameters"], "x">): Generator<number, never> {
  const draws = seededDraws(`${seed}/noise`);
  for (;;) yield arrivals === "regular" ? everyMs : -everyMs * Math.log(1 - draws.next().value);
}
