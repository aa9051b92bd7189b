export interface Sample {
  readonly mean: number;
  readonly sd: number;
  readonly least: number;
  readonly median: number;
}

export function describeSample(values: readonly number[]): Sample {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const sorted = values.toSorted((one, other) => one - other);
  return {
    mean,
    sd: Math.sqrt(variance),
    least: sorted[0] ?? NaN,
    median: sorted[Math.floor(sorted.length / 2)] ?? NaN,
  };
}

/** How likely it is, exactly, that of `of` trials with chance `share` no more than, and no fewer than, `count` come out. */
export function binomialTails(count: number, of: number, share: number): { atMost: number; atLeast: number } {
  let log = of * Math.log1p(-share); // of none
  let [atMost, atLeast] = [0, 0];
  for (let k = 0; k <= of; k += 1) {
    if (k <= count) atMost += Math.exp(log);
    if (k >= count) atLeast += Math.exp(log);
    log += Math.log((of - k) / (k + 1)) + Math.log(share / (1 - share));
  }
  return { atMost, atLeast };
}
