/** How many ms the quickest of some tries takes: on a busy machine one may wait for the processor, but not all. */
export async function quickestOf(tries: number, work: () => Promise<unknown>): Promise<number> {
  let quickest = Infinity;
  for (let done = 0; done < tries; done += 1) {
    const started = performance.now();
    await work();
    quickest = Math.min(quickest, performance.now() - started);
  }
  return quickest;
}
