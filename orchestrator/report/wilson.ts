import type { ExpectedRate } from "../verdict/outcome.ts";

/** Quantile of the standard normal distribution for a two-sided 95 % interval. */
const Z_95 = 1.959963984540054;

/**
 * Wilson score interval (95 %) of a success rate, after Wilson, "Probable inference" (1927). Unlike the normal approximation it stays
 * inside [0, 1] and is usable for five trials and for rates of 0 and 1. No trials: the whole of [0, 1].
 */
export function wilsonInterval(successes: number, trials: number): { low: number; high: number } {
  if (trials === 0) return { low: 0, high: 1 };
  const rate = successes / trials;
  const z2n = Z_95 ** 2 / trials;
  const centre = rate + z2n / 2;
  const spread = Z_95 * Math.sqrt((rate * (1 - rate)) / trials + z2n / (4 * trials));
  return {
    low: successes === 0 ? 0 : (centre - spread) / (1 + z2n),
    high: successes === trials ? 1 : (centre + spread) / (1 + z2n),
  };
}

/**
 * Below this probability an observed rate contradicts the expected one. A matrix has hundreds of cells and runs on every commit: at
 * the usual 5 % every run would show a false surprise, at 1e-4 a correct implementation shows one in some thousand runs with a few
 * probabilistic cells. The price is that few trials can only expose gross errors; raise --trials to see finer ones.
 */
const SURPRISE_ALPHA = 1e-4;

/**
 * Whether `direct` of `of` trials contradicts what is expected, of a range the end that is nearest: two-sided exact binomial test at
 * {@link SURPRISE_ALPHA}.
 */
export function rateSurprise(direct: number, of: number, expected: ExpectedRate): boolean {
  if (of === 0) return false;
  const { from, to } = typeof expected === "number" ? { from: expected, to: expected } : expected;
  return binomialP(direct, of, Math.min(to, Math.max(from, direct / of))) < SURPRISE_ALPHA;
}

/** Two-sided exact p-value: the probability of every count that is no more likely than the observed one. */
export function binomialP(successes: number, trials: number, rate: number): number {
  const logs = logFactorials(trials);
  const probability = (k: number): number => {
    if (rate === 0 || rate === 1) return k === rate * trials ? 1 : 0;
    const ways = logs[trials]! - logs[k]! - logs[trials - k]!;
    return Math.exp(ways + k * Math.log(rate) + (trials - k) * Math.log1p(-rate));
  };
  // Counts that are equally likely must not be told apart by rounding.
  const limit = probability(successes) * (1 + 1e-7);
  let sum = 0;
  for (let k = 0; k <= trials; k++) if (probability(k) <= limit) sum += probability(k);
  return Math.min(1, sum);
}

function logFactorials(n: number): number[] {
  const logs = [0];
  for (let k = 1; k <= n; k++) logs.push(logs[k - 1]! + Math.log(k));
  return logs;
}
