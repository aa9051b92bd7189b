/** Other hosts may take so many ports between two of ours; more is not told apart from chance. */
const MOST_NOISE = 64;
/** Of a sequence's differences at least this share is the step itself, where some go the other way (the range's end was reached). */
const STEADY_SHARE = 0.6;

/**
 * The step of a sequential allocator, or undefined where there is none. Other hosts may take ports in between, and the sequence may
 * begin again at its range's start.
 */
export function findStep(ports: readonly number[]): number | undefined {
  const deltas = differences(ports);
  const step = mostCommon(deltas);
  if (step === undefined || step === 0) return undefined;
  const exact = deltas.filter((delta) => delta === step).length;
  if (exact < 2) return undefined;
  const others = deltas.filter((delta) => delta !== step);
  const wraps = others.filter((delta) => Math.sign(delta) !== Math.sign(step));
  if (!others.every((delta) => delta % step === 0)) return undefined;
  const steady = exact >= deltas.length * STEADY_SHARE;
  const noisy = wraps.length <= 1 && others.every((delta) => wraps.includes(delta) || delta / step <= MOST_NOISE);
  return steady || noisy ? step : undefined;
}

/** The one difference of all neighbours; undefined where there are others. */
export function constantStep(ports: readonly number[]): number | undefined {
  const [first, ...others] = differences(ports);
  const constant = others.length > 0 && first !== 0 && others.every((delta) => delta === first);
  return constant ? first : undefined;
}

/** The one step of several short sequences; undefined where a difference is another, or there are too few. */
export function sharedStep(sequences: readonly (readonly number[])[]): number | undefined {
  const deltas = sequences.flatMap(differences);
  const [first] = deltas;
  return deltas.length >= 3 && first !== 0 && deltas.every((delta) => delta === first) ? first : undefined;
}

/** Whether ports go one way (but for one new start), never far at once: an allocator that counts, with others using it too. */
export function climbs(ports: readonly number[]): boolean {
  const deltas = differences(ports).filter((delta) => delta !== 0);
  const up = deltas.filter((delta) => delta > 0);
  const down = deltas.filter((delta) => delta < 0);
  const [most, fewest] = up.length >= down.length ? [up, down] : [down, up];
  return most.length > 1 && fewest.length <= 1 && most.every((delta) => Math.abs(delta) <= MOST_NOISE);
}

/** Whether each port is a little further than the one before, all the same way: so few ports say no more. */
export function follows(ports: readonly number[]): boolean {
  const deltas = differences(ports);
  return deltas.every(
    (delta) => delta !== 0 && Math.abs(delta) <= MOST_NOISE && Math.sign(delta) === Math.sign(deltas[0] ?? 0),
  );
}

function differences(ports: readonly number[]): number[] {
  return ports.slice(1).map((port, index) => port - (ports[index] ?? 0));
}

/** Of equally common ones the smallest: noise makes differences larger, never smaller. */
function mostCommon(deltas: readonly number[]): number | undefined {
  const counted = [...Map.groupBy(deltas, (delta) => delta)].map(([delta, { length }]) => ({ delta, length }));
  return counted.toSorted((p, q) => q.length - p.length || Math.abs(p.delta) - Math.abs(q.delta))[0]?.delta;
}
