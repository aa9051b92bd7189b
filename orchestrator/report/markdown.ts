import type { CellResult, RunReport } from "./events.ts";
import { harmless } from "./harmless.ts";
import { layOut, type Grid } from "./layout.ts";
import { code, prose } from "./markdown-text.ts";
import { reproduction, troubled } from "./trouble.ts";
import { countsText, durationText, expectationText, LEGEND, shortResult, symbolOf, verdictText } from "./words.ts";

/** GitHub drops a step summary of more than 1 MiB as a whole, and other jobs' summaries count towards what a page can show. */
export const LIMIT_BYTES = 900_000;

interface MarkdownOptions {
  readonly limitBytes?: number;
  /** Where the whole of a report is that had to be cut, in Markdown. */
  readonly elsewhere?: string;
  /** Stands behind what needs attention. */
  readonly insert?: readonly string[];
}

/** report.md: what needs attention first, then the tables of the terminal. Cut at a line where it would be too long for GitHub. */
export function renderMarkdown(
  given: RunReport,
  { limitBytes = LIMIT_BYTES, elsewhere = "in the run directory", insert = [] }: MarkdownOptions = {},
): string {
  const report = harmless(given);
  const blocks = layOut(report.cells).map(({ title, grids }) =>
    [`## ${prose(title)}`, ...grids.map(renderGrid)].join("\n\n"),
  );
  const parts = [
    renderHead(report),
    ...troubled(report).map((group) => renderTrouble(report, group)),
    ...insert,
    ...blocks,
    renderLegend(),
  ];
  return cut(parts.join("\n\n") + "\n", { limitBytes, elsewhere });
}

function renderHead(report: RunReport): string {
  const { counts, ended, engine, seed, tookMs, scenario, startedAt, id } = report;
  const mark = report.exitCode === 0 ? "✅" : counts.surprises > 0 ? "❌" : "⚠️";
  return [
    `# ${mark} ${countsText(counts)}${ended === "complete" ? "" : ` (${ended})`}`,
    "",
    `${counts.direct} direct, ${counts.relayed} relayed, ${counts.blocked} blocked in ${durationText(tookMs)}. Seed ${seed}, run ${code(id)}, started ${startedAt}.`,
    `Scenario ${scenario.map(code).join(", ")}; engine ${prose(engine.version)} (${prose(engine.kind)}), kernel ${prose(engine.kernel)}.`,
  ].join("\n");
}

function renderTrouble(
  report: RunReport,
  { title, results }: { title: string; results: readonly CellResult[] },
): string {
  const rows = results.map((result) => {
    const { cell, why } = result;
    const cells = [
      code(cell.id),
      expectationText(cell.expected),
      `**${verdictText(result)}**`,
      prose(why),
      code(reproduction(report, cell.id)),
    ];
    return row(cells);
  });
  const details = results.flatMap(({ cell, error }) =>
    error?.detail ? ["", `${code(cell.id)}: ${prose(error.code)}`, "", indented(error.detail)] : [],
  );
  return [
    `## ${title}`,
    "",
    "| Cell | Expected | Observed | Why | Repeat with |",
    "|---|---|---|---|---|",
    ...rows,
    ...details,
  ].join("\n");
}

function renderGrid(grid: Grid): string {
  return [
    ...(grid.policy ? [`**${prose(grid.policy)}**`, ""] : []),
    row(["NA \\ NB", ...grid.columns.map(prose)]),
    `|${"---|".repeat(grid.columns.length + 1)}`,
    ...grid.rows.map((name) => row([prose(name), ...grid.columns.map((column) => cellText(grid.at(name, column)))])),
  ].join("\n");
}

function cellText(result: CellResult | undefined): string {
  if (!result) return "";
  return result.surprise ? `**${shortResult(result)}**` : shortResult(result);
}

function renderLegend(): string {
  return LEGEND.map(([like, meaning]) => `${symbolOf(like)} ${meaning}`).join(" · ");
}

/** A row of a table, whose cells are Markdown: even in code a bar would end a cell. */
function row(cells: readonly string[]): string {
  return `| ${cells.map((text) => text.replaceAll(/(?<!\\)\|/g, "\\|")).join(" | ")} |`;
}

/** A code block that no fence inside the text can end. */
function indented(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, "    ");
}

function cut(text: string, { limitBytes, elsewhere }: { limitBytes: number; elsewhere: string }): string {
  if (Buffer.byteLength(text) <= limitBytes) return text;
  const note = `\n\n*Cut here: the whole report is ${elsewhere}.*\n`;
  const kept = Buffer.from(text)
    .subarray(0, Math.max(0, limitBytes - Buffer.byteLength(note)))
    .toString();
  return kept.slice(0, kept.lastIndexOf("\n")) + note;
}
