/** A packet that is held back. */
export interface Held {
  readonly packetId: number;
  readonly dueMs: number;
  /** Whether X's link is on its way. */
  readonly byX: boolean;
}

/** Packets in the order in which they came, each with the time it may go on; nobody overtakes. Time is passed in, never read. */
export class DelayLine {
  #held: Held[] = [];
  #first = 0;
  #lastDueMs = -Infinity;

  get length(): number {
    return this.#held.length - this.#first;
  }

  /** When the first may go on; undefined where none is held. */
  get nextDueMs(): number | undefined {
    return this.#held[this.#first]?.dueMs;
  }

  /** Holds a packet until `dueMs`, or, where that is earlier, as long as the one before it. */
  hold({ dueMs, ...packet }: Held): void {
    this.#lastDueMs = Math.max(this.#lastDueMs, dueMs);
    this.#held.push({ ...packet, dueMs: this.#lastDueMs });
  }

  /** Lets all go on that are due at `nowMs`; returns the last of them. */
  release(nowMs: number): Held | undefined {
    let last: Held | undefined;
    for (let next = this.#held[this.#first]; next && next.dueMs <= nowMs; next = this.#held[this.#first]) {
      last = next;
      this.#first += 1;
    }
    if (this.#first > 1024 && this.#first * 2 > this.#held.length) {
      this.#held = this.#held.slice(this.#first);
      this.#first = 0;
    }
    return last;
  }

  /** Takes out those that `which` says. */
  take(which: (held: Held) => boolean): readonly Held[] {
    const waiting = this.#held.slice(this.#first);
    this.#held = waiting.filter((held) => !which(held));
    this.#first = 0;
    return waiting.filter(which);
  }
}
