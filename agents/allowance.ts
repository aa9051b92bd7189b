export interface AllowanceLimits {
  /** How many at once. */
  readonly burst: number;
  /** How many more become free each second. */
  readonly perSecond: number;
  /** How many in all, however slowly. */
  readonly total?: number;
}

/** How much may still be done, growing with time up to a limit (a token bucket). */
export class Allowance {
  readonly #limits: AllowanceLimits;
  readonly #clock: () => number;
  #free: number;
  #left: number;
  #at: number;

  /** `clock` gives milliseconds. */
  constructor(limits: AllowanceLimits, clock: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#clock = clock;
    this.#free = limits.burst;
    this.#left = limits.total ?? Infinity;
    this.#at = clock();
  }

  /** Whether `count` may be done now; if so they count as done, if not none does. */
  take(count: number): boolean {
    const now = this.#clock();
    const { burst, perSecond } = this.#limits;
    this.#free = Math.min(burst, this.#free + ((now - this.#at) / 1000) * perSecond);
    this.#at = now;
    if (count > this.#free || count > this.#left) return false;
    this.#free -= count;
    this.#left -= count;
    return true;
  }
}
