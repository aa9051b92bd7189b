import { stripVTControlCharacters } from "node:util";
import type { CellResult, RunReport } from "./events.ts";
import { layOut, type Block, type Grid } from "./layout.ts";
import { reproduction, troubled } from "./trouble.ts";
import * as words from "./words.ts";
import type { Paint } from "./words.ts";

const GAP = "  ";
const CORNER = "NA \\ NB";

/** The end of a run for a terminal: tables, legend, surprises with the command that repeats them, counts, time, seed, directory. */
export function renderTable(report: RunReport, { paint, columns }: { paint: Paint; columns: number }): string {
  const blocks = layOut(report.cells).map((block) => renderBlock(block, paint, columns));
  return `${[...blocks, renderLegend(paint)].join("\n\n")}\n\n${renderEnd(report, paint)}`;
}

/** What needs attention, and the counts. */
export function renderEnd(report: RunReport, paint: Paint): string {
  return `${[renderTroubles(report, paint), renderSummary(report, paint)].filter(Boolean).join("\n\n")}\n`;
}

function renderBlock({ title, grids }: Block, paint: Paint, columns: number): string {
  const widths = cellWidths(grids);
  const lines: string[] = [];
  for (const row of fitting(
    grids.map((grid) => renderGrid(grid, widths, paint)),
    columns,
  )) {
    const height = Math.max(...row.map((panel) => panel.length));
    if (lines.length > 0) lines.push("");
    for (let i = 0; i < height; i++)
      lines.push(
        `  ${row
          .map((panel) => panel[i] ?? "")
          .join(GAP)
          .trimEnd()}`,
      );
  }
  return [paint("bold", title), ...lines].join("\n");
}

interface Widths {
  readonly label: number;
  readonly cell: number;
  readonly panel: number;
}

/** One width for all grids of a block, so that they stand under each other. */
function cellWidths(grids: readonly Grid[]): Widths {
  const longest = (texts: readonly string[]) => Math.max(0, ...texts.map((text) => text.length));
  const label = longest([CORNER, ...grids.flatMap((grid) => grid.rows)]);
  const texts = (grid: Grid) =>
    grid.rows.flatMap((row) => grid.columns.map((column) => cellText(grid.at(row, column))));
  const cell = longest(grids.flatMap((grid) => [...grid.columns, ...texts(grid)])) + 1;
  const most = Math.max(...grids.map((grid) => grid.columns.length));
  return { label, cell, panel: Math.max(label + 2 + cell * most, longest(grids.map((grid) => grid.policy))) };
}

/** Lines of equal visible width. */
function renderGrid(grid: Grid, { label, cell, panel }: Widths, paint: Paint): string[] {
  const head = CORNER.padEnd(label + 2) + grid.columns.map((column) => column.padEnd(cell)).join("");
  const body = grid.rows.map(
    (row) =>
      `${row.padEnd(label)}  ${grid.columns.map((column) => paintCell(grid.at(row, column), cell, paint)).join("")}`,
  );
  const title = grid.policy ? [paint("cyan", grid.policy)] : [];
  return [...title, paint("dim", head), ...body].map((line) => pad(line, panel));
}

function cellText(result: CellResult | undefined): string {
  return result ? words.shortResult(result) : "";
}

function paintCell(result: CellResult | undefined, width: number, paint: Paint): string {
  if (!result) return " ".repeat(width);
  return pad(words.paintResult(result, cellText(result), paint), width);
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - stripVTControlCharacters(text).length));
}

/** Puts as many panels beside each other as the terminal is wide for. */
function fitting(panels: readonly string[][], columns: number): string[][][] {
  const width = stripVTControlCharacters(panels[0]?.[0] ?? "").length + GAP.length;
  const perRow = Math.max(1, Math.floor((columns - 2 + GAP.length) / width));
  return Array.from({ length: Math.ceil(panels.length / perRow) }, (_, i) =>
    panels.slice(i * perRow, (i + 1) * perRow),
  );
}

function renderLegend(paint: Paint): string {
  return words.LEGEND.map(
    ([like, meaning]) => `${words.paintResult(like, words.symbolOf(like), paint)} ${meaning}`,
  ).join("   ");
}

function renderTroubles(report: RunReport, paint: Paint): string {
  return troubled(report)
    .map(({ title, results }) =>
      [paint("bold", title), ...results.flatMap((result) => renderTrouble(report, result, paint))].join("\n"),
    )
    .join("\n\n");
}

function renderTrouble(report: RunReport, result: CellResult, paint: Paint): string[] {
  const { cell, error } = result;
  const detail =
    error?.detail
      ?.trimEnd()
      .split("\n")
      .map((line) => paint("dim", `      | ${line}`)) ?? [];
  return [
    `  ${words.paintResult(result, `${words.symbolOf(result)} ${cell.id}`, paint)}`,
    `      expected ${words.expectationText(cell.expected)}, observed ${words.verdictText(result)}`,
    `      ${result.why}`,
    ...detail,
    paint("dim", `      evidence  ${report.dir}/${result.dir}`),
    `      repeat    ${reproduction(report, cell.id)}`,
  ];
}

function renderSummary(report: RunReport, paint: Paint): string {
  const { counts, ended, seed, dir, tookMs } = report;
  const colour = counts.surprises > 0 ? "red" : report.exitCode === 0 ? "green" : "yellow";
  const results = `${counts.direct} direct, ${counts.relayed} relayed, ${counts.blocked} blocked`;
  return [
    paint(["bold", colour], words.countsText(counts)) +
      (ended === "complete" ? "" : paint(["bold", "yellow"], `  (${ended})`)),
    `${results}   time ${words.durationText(tookMs)}   seed ${seed}`,
    `evidence in ${dir}`,
  ].join("\n");
}
