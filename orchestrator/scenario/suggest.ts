/** The names closest to `given`, best first; empty where nothing is near enough to be a slip of the fingers. */
export function suggest(given: string, names: readonly string[], limit = 1): string[] {
  return names
    .map((name) => ({ name, distance: editDistance(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.floor(Math.min(given.length, name.length) / 3)))
    .toSorted((p, q) => p.distance - q.distance)
    .slice(0, limit)
    .map(({ name }) => name);
}

/** Levenshtein distance, a swap of neighbouring letters counting as one (optimal string alignment). */
function editDistance(p: string, q: string): number {
  let before: number[] = [];
  let row = Array.from({ length: q.length + 1 }, (_, j) => j);
  for (let i = 1; i <= p.length; i++) {
    const next = [i];
    for (let j = 1; j <= q.length; j++) {
      const same = p[i - 1] === q[j - 1] ? 0 : 1;
      let best = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same);
      if (i > 1 && j > 1 && p[i - 1] === q[j - 2] && p[i - 2] === q[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      next.push(best);
    }
    [before, row] = [row, next];
  }
  return row[q.length]!;
}
