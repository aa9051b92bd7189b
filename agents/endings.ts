import { log } from "./channel.ts";

/** What is still to be ended of one host's attempt: sockets, rules, and whoever watches packets. */
export class Endings {
  #atEnd: (() => unknown)[] | undefined = [];
  readonly #watches: (() => void)[] = [];

  /** What came about after the end of the attempt ends at once. */
  atEnd(end: () => unknown): void {
    if (this.#atEnd) this.#atEnd.push(end);
    else end();
  }

  /** Who watches packets would read all that the connection carries, once it is adopted. */
  untilAdopted(stop: () => void): void {
    this.#watches.push(stop);
    this.atEnd(stop);
  }

  /** Ends every watch. */
  adopted(): void {
    for (const stop of this.#watches.splice(0)) stop();
  }

  /** Ends everything, what came last first. One thing that cannot be undone keeps no other from it. */
  async dispose(): Promise<void> {
    const all = this.#atEnd?.reverse() ?? [];
    this.#atEnd = undefined;
    const outcomes = await Promise.allSettled(all.map(async (end) => end()));
    for (const outcome of outcomes)
      if (outcome.status === "rejected") log("cleanup-failed", { why: String(outcome.reason) });
  }
}
