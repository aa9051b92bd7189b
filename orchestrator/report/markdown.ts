import type { CellResult, RunReport } from "./events.ts";
import { layOut, type Grid } from "./layout.ts";
import { reproduction, troubled } from "./trouble.ts";
import { countsText, durationText, expectationText, LEGEND, shortResult, symbolOf, verdictText } from "./words.ts";

/** GitHub drops a step summary of more than 1 MiB as a whole, and other jobs' summaries count towards what a page can show. */
const LIMIT_BYTES = 900_000;

/** report.md: what needs attention first, then the tables of the terminal. Cut at a line where it would be too long for GitHub. */
export function renderMarkdown(report: RunReport, limitBytes = LIMIT_BYTES): string {
  const blocks = layOut(report.cells).map(({ title, grids }) => [`## ${title}`, ...grids.map(renderGrid)].join("\n\n"));
  const parts = [
    renderHead(report),
    ...troubled(report).map((group) => renderTrouble(report, group)),
    ...blocks,
    renderLegend(),
  ];
  return cut(parts.join("\n\n") + "\n", limitBytes);
}

function renderHead(report: RunReport): string {
  const { counts, ended, engine, seed, tookMs, scenario, startedAt, id } = report;
  const mark = report.exitCode === 0 ? "✅" : counts.surprises > 0 ? "❌" : "⚠️";
  return [
    `# ${mark} ${countsText(counts)}${ended === "complete" ? "" : ` (${ended})`}`,
    "",
    `${counts.direct} direct, ${counts.relayed} relayed, ${counts.blocked} blocked in ${durationText(tookMs)}. Seed ${seed}, run \`${id}\`, started ${startedAt}.`,
    `Scenario ${scenario.map((path) => `\`${path}\``).join(", ")}; engine ${engine.version} (${engine.kind}), kernel ${engine.kernel}.`,
  ].join("\n");
}

function renderTrouble(
  report: RunReport,
  { title, results }: { title: string; results: readonly CellResult[] },
): string {
  const rows = results.map((result) => {
    const { cell, why } = result;
    const cells = [
      `\`${cell.id}\``,
      expectationText(cell.expected),
      `**${verdictText(result)}**`,
      why,
      `\`${reproduction(report, cell.id)}\``,
    ];
    return `| ${cells.map(escaped).join(" | ")} |`;
  });
  const details = results.flatMap(({ cell, error }) =>
    error?.detail ? ["", `\`${cell.id}\`: ${error.code}`, "", indented(error.detail)] : [],
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
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(" | ")} |`;
  return [
    ...(grid.policy ? [`**${grid.policy}**`, ""] : []),
    line(["NA \\ NB", ...grid.columns]),
    `|${"---|".repeat(grid.columns.length + 1)}`,
    ...grid.rows.map((row) => line([row, ...grid.columns.map((column) => cellText(grid.at(row, column)))])),
  ].join("\n");
}

function cellText(result: CellResult | undefined): string {
  if (!result) return "";
  return result.surprise ? `**${shortResult(result)}**` : shortResult(result);
}

function renderLegend(): string {
  return LEGEND.map(([like, meaning]) => `${symbolOf(like)} ${meaning}`).join(" · ");
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

/** A code block that no fence inside the text can end. */
function indented(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, "    ");
}

function cut(text: string, limitBytes: number): string {
  if (Buffer.byteLength(text) <= limitBytes) return text;
  const note = "\n\n*Cut here: the whole report is in the run directory.*\n";
  const kept = Buffer.from(text)
    .subarray(0, limitBytes - Buffer.byteLength(note))
    .toString();
  return kept.slice(0, kept.lastIndexOf("\n")) + note;
}
