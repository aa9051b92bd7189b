import { isResult } from "../verdict/outcome.ts";
import type { CellResult, RunReport } from "./events.ts";
import { harmless } from "./harmless.ts";
import { expectationText, verdictText } from "./words.ts";

/** GitHub shows so many annotations of a type per step, and drops the rest without a word. */
const MOST = 10;

/**
 * GitHub's workflow commands for a run: surprises as errors, what has no result as warnings, so that trouble with an engine is not taken for a
 * finding.
 */
export function renderAnnotations(given: RunReport): string {
  const report = harmless(given);
  const surprises = report.cells.filter(({ surprise }) => surprise);
  const without = report.cells.filter(
    ({ surprise, state, verdict }) => !surprise && state !== "skipped" && (state === "error" || !isResult({ verdict })),
  );
  return [...limited("error", surprises, report), ...limited("warning", without, report)].join("");
}

type Level = "error" | "warning";

function limited(level: Level, results: readonly CellResult[], report: RunReport): string[] {
  const [shown, more] = results.length > MOST ? [results.slice(0, MOST - 1), results.length - MOST + 1] : [results, 0];
  const lines = shown.map((result) => command(level, report, { title: result.cell.id, message: messageOf(result) }));
  const title = level === "error" ? "more surprises" : "more without a result";
  return more === 0
    ? lines
    : [...lines, command(level, report, { title, message: `${more} more: see the step's summary` })];
}

function messageOf(result: CellResult): string {
  const head = result.surprise ? `expected ${expectationText(result.cell.expected)}, observed ` : "";
  return `${head}${verdictText(result)}: ${result.why}`;
}

/** `::error title=…::message`, where the scenario is one file with that as its place. */
function command(
  level: Level,
  { scenario }: RunReport,
  { title, message }: { title: string; message: string },
): string {
  const place = scenario.length === 1 ? [`file=${escapedProperty(scenario[0]!)}`] : [];
  return `::${level} ${[...place, `title=${escapedProperty(title)}`].join(",")}::${escapedData(message)}\n`;
}

/** As the runner reads it back (actions/runner, ActionCommand.cs). */
function escapedData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapedProperty(text: string): string {
  return escapedData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
