import { setTimeout as sleep } from "node:timers/promises";

/** Polls until `look` returns something, or throws and says what was seen last. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  { withinMs, seen = () => "nothing" }: { withinMs: number; seen?: () => unknown },
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline)
      throw new Error(`not within ${withinMs} ms: ${what}; seen last: ${JSON.stringify(seen())}`);
    await sleep(25);
  }
}
