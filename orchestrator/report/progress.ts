import type { CellResult, RunEvent } from "./events.ts";
import { durationText, paintResult, symbolOf, type Paint } from "./words.ts";

/** What is known of a run that goes on. Times are what the caller's clock said, in ms. */
export interface Progress {
  readonly seed: number;
  readonly startedAt: number;
  readonly blocks: ReadonlyMap<string, readonly string[]>;
  readonly running: ReadonlySet<string>;
  readonly results: ReadonlyMap<string, CellResult>;
}

export const NOT_STARTED: Progress = {
  seed: 0,
  startedAt: 0,
  blocks: new Map(),
  running: new Set(),
  results: new Map(),
};

/** The progress after an event. */
export function advance(progress: Progress, event: RunEvent, now: number): Progress {
  switch (event.type) {
    case "run-started": {
      const byBlock = Map.groupBy(event.cells, ({ block }) => block);
      const blocks = new Map([...byBlock].map(([block, cells]) => [block, cells.map(({ id }) => id)]));
      return { ...NOT_STARTED, seed: event.seed, startedAt: now, blocks };
    }
    case "cell-started":
      return { ...progress, running: new Set([...progress.running, event.id]) };
    case "cell-finished": {
      const { id } = event.result.cell;
      const running = new Set([...progress.running].filter((other) => other !== id));
      return { ...progress, running, results: new Map([...progress.results, [id, event.result]]) };
    }
    case "run-finished":
      return progress;
  }
}

/** What a frame is drawn with. */
export interface FrameStyle {
  readonly now: number;
  readonly paint: Paint;
  readonly columns: number;
}

/** The live view: how far, how long still, surprises so far, a character per cell, and what is running. */
export function renderFrame(progress: Progress, { now, paint, columns }: FrameStyle): string {
  const { blocks, running } = progress;
  const label = Math.min(48, Math.max(0, ...[...blocks.keys()].map((title) => title.length)));
  const perRow = Math.max(10, columns - label - 3);
  const map = [...blocks].flatMap(([title, ids]) => {
    const marks = ids.map((id) => markOf(id, progress, paint));
    return chunks(marks, perRow).map(
      (row, index) => `${(index === 0 ? title : "").slice(0, label).padEnd(label)}  ${row.join("")}`,
    );
  });
  const current = [...running].map((id) => paint("cyan", `▸ ${id}`.slice(0, columns - 1)));
  return [renderHead(progress, now, paint), ...map, ...current].join("\n");
}

function renderHead(progress: Progress, now: number, paint: Paint): string {
  const { blocks, results, seed, startedAt } = progress;
  const total = [...blocks.values()].reduce((sum, ids) => sum + ids.length, 0);
  const done = results.size;
  const surprises = [...results.values()].filter((result) => result.surprise).length;
  const errors = [...results.values()].filter((result) => result.state === "error").length;
  const elapsed = now - startedAt;
  const left = done === 0 ? "" : `, about ${durationText((elapsed / done) * (total - done))} left`;
  return [
    paint("bold", `${done}/${total}`),
    surprises > 0 ? paint(["bold", "red"], `${surprises} surprising`) : "no surprise",
    ...(errors > 0 ? [paint("magenta", `${errors} failed`)] : []),
    `${durationText(elapsed)}${left}`,
    paint("dim", `seed ${seed}`),
  ].join("   ");
}

function markOf(id: string, { results, running }: Progress, paint: Paint): string {
  const result = results.get(id);
  if (result) return paintResult(result, symbolOf(result), paint);
  return running.has(id) ? paint("cyan", "▸") : paint("dim", "·");
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
