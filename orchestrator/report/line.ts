import { isResult } from "../verdict/outcome.ts";
import type { CellResult, RunEvent, RunReport } from "./events.ts";
import { durationText, expectationText, paintResult, verdictText, type Paint } from "./words.ts";

/** One line per finished cell, for logs and CI. Returns the text of an event, or nothing where it has none. */
export function lineReporter(paint: Paint): (event: RunEvent) => string | undefined {
  let total = 0;
  let done = 0;
  return (event) => {
    switch (event.type) {
      case "run-started":
        total = event.total;
        return `run ${event.id}: ${total} ${total === 1 ? "cell" : "cells"}, ${event.jobs} at a time, seed ${event.seed}, evidence in ${event.dir}`;
      case "cell-finished":
        done += 1;
        return `${String(done).padStart(String(total).length)}/${total} ${renderResult(event.result, paint)}`;
      case "cell-started":
      case "run-finished":
        return undefined;
    }
  };
}

/** The same lines for a run that is over, in the order of its cells. */
export function renderLines(report: RunReport, paint: Paint): string {
  const { id, seed, counts, jobs, dir, cells } = report;
  const render = lineReporter(paint);
  const started = { type: "run-started" as const, id, seed, total: counts.total, jobs, dir, cells: [] };
  const events: RunEvent[] = [started, ...cells.map((result) => ({ type: "cell-finished" as const, result }))];
  return events.map((event) => `${render(event) ?? ""}\n`).join("");
}

function renderResult(result: CellResult, paint: Paint): string {
  const { cell, surprise } = result;
  const mark = markOf(result);
  const expected = surprise ? `, expected ${expectationText(cell.expected)}` : "";
  const why = mark === "ok" ? "" : `: ${result.why}`;
  const text = `${mark.padEnd(9)} ${cell.id}  ${verdictText(result)}${expected}${why}`;
  return `${paintResult(result, text, paint)}  ${durationText(result.tookMs)}`;
}

function markOf({ surprise, state, verdict }: CellResult): string {
  if (surprise) return "SURPRISE";
  if (state === "error") return "ERROR";
  if (state === "skipped") return "SKIPPED";
  return isResult({ verdict }) ? "ok" : "NO RESULT";
}
