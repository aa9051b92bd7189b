import { Allowance } from "./allowance.ts";
import { RawSocket } from "./net/raw-socket.ts";

/** Packets that X sends on behalf of all its guests together: some 2.5 Mbit/s, and a sweep over all ports at once. */
const ALL_GUESTS = { burst: 100_000, perSecond: 5_000 } as const;

/** X's raw socket, opened when it is first needed, and what all guests together may send through it. */
export class PacketSender {
  readonly #allowance = new Allowance(ALL_GUESTS);
  #raw: RawSocket | undefined;

  /** Whether `packets` more may be sent now; they count as sent. */
  take(packets: number): boolean {
    return this.#allowance.take(packets);
  }

  /** Needs CAP_NET_RAW, otherwise EPERM. */
  get raw(): RawSocket {
    this.#raw ??= new RawSocket();
    return this.#raw;
  }
}
