import { setTimeout as sleep } from "node:timers/promises";
import { Allowance } from "./allowance.ts";
import { RawSocket } from "./net/raw-socket.ts";

/** Packets a second that X sends on behalf of all its guests together where nobody says otherwise: some 2.5 Mbit/s. */
export const FORGED_PER_SECOND = 5_000;
/** After a quiet time it may send so many seconds' worth at once: at the least a search over all ports of a NAT. */
const BURST_S = 20;
/** So long to wait before asking again. */
const REFILL_MS = 20;

/** X's raw socket, opened when it is first needed, and what all guests together may send through it. */
export class PacketSender {
  readonly #allowance: Allowance;
  #raw: RawSocket | undefined;

  constructor(perSecond: number = FORGED_PER_SECOND) {
    this.#allowance = new Allowance({ burst: BURST_S * perSecond, perSecond });
  }

  /** Whether `packets` more may be sent now; they count as sent. */
  take(packets: number): boolean {
    return this.#allowance.take(packets);
  }

  /** Resolves when some more may be allowed. */
  async refilled(): Promise<void> {
    await sleep(REFILL_MS);
  }

  /** Whether packets can be sent at all. */
  get forges(): boolean {
    try {
      return this.raw !== undefined;
    } catch {
      return false;
    }
  }

  /** Needs CAP_NET_RAW, otherwise EPERM. */
  get raw(): RawSocket {
    this.#raw ??= new RawSocket();
    return this.#raw;
  }
}
