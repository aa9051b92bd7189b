import { readFileSync } from "node:fs";

/** Descriptors that are no guest's: listening sockets, probers, guests on their way out, what Node itself has open. */
const RESERVED = 384;

interface Limits {
  readonly all: number;
  readonly perAddress: number;
}

/** Connections that one service of X holds at a time, in all and from one address: nobody can take them all alone. */
export class Places {
  readonly #limits: Limits;
  readonly #perAddress = new Map<string, number>();
  #taken = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Takes a place for a connection from `address`, or says why there is none. */
  take(address: string): string | undefined {
    const ofAddress = this.#perAddress.get(address) ?? 0;
    if (ofAddress >= this.#limits.perAddress) return "too many connections from your address";
    if (this.#taken >= this.#limits.all) return "too many connections";
    this.#perAddress.set(address, ofAddress + 1);
    this.#taken += 1;
    return undefined;
  }

  leave(address: string): void {
    const ofAddress = this.#perAddress.get(address) ?? 0;
    if (ofAddress > 1) this.#perAddress.set(address, ofAddress - 1);
    else this.#perAddress.delete(address);
    this.#taken -= 1;
  }
}

/** The connections that each of `services` may hold with this process's limit of open files, at most `wanted`. */
export function affordablePlaces(wanted: number, services: number): number {
  return Math.max(1, Math.min(wanted, Math.floor((openFileLimit() - RESERVED) / services)));
}

/** Node raises the soft limit to the hard one when it starts (getrlimit(2)). */
function openFileLimit(): number {
  const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  return soft === undefined ? Infinity : Number(soft); // "unlimited"
}
