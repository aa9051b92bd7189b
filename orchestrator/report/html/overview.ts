import { gatewayName, policyText, surroundingsText } from "../../scenario/naming.ts";
import { compareRuns } from "../difference.ts";
import type { CellResult, RunReport } from "../events.ts";
import { visible } from "../ladder/visible.ts";
import { layOut, type Grid } from "../layout.ts";
import { repetition, reproduction, troubled } from "../trouble.ts";
import * as words from "../words.ts";
import type { Baseline, BlockContent, CellSummary, GridContent, Overview } from "./content.ts";

interface Run {
  readonly report: RunReport;
  readonly damaged: readonly string[];
  /** An earlier run to compare with. */
  readonly before?: RunReport;
}

/** Page 1: the matrix, what needs attention, and how it differs from an earlier run. */
export function overviewOf({ report, damaged, before }: Run): Overview {
  const { cells, counts } = report;
  const numbers = new Map(cells.map((result, number) => [result, number]));
  const difference = before && compareRuns(before, report);
  const changes = new Map(difference?.changes.map((change) => [change.id, change]));
  return {
    title: report.scenario.map((path) => visible(path.replace(/^.*\//, "").replace(/\.ya?ml$/, ""))).join(", "),
    id: visible(report.id),
    counts: words.countsText(counts),
    ...(report.ended === "complete" ? {} : { ended: report.ended }),
    mood: counts.surprises > 0 ? "surprised" : report.exitCode === 0 ? "good" : "troubled",
    facts: factsOf(report),
    command: visible(repetition(report)),
    cells: cells.map((result) => {
      const change = changes.get(result.cell.id);
      const earlier = change && { before: { what: change.what, verdict: words.verdictText(change.before) } };
      return { ...summaryOf(report, result), ...earlier };
    }),
    attention: troubled(report).map(({ title, results }) => ({
      title,
      cells: results.map((result) => numbers.get(result)!),
    })),
    blocks: layOut(cells).map(({ title, grids }) => blockOf(title, grids, numbers)),
    damaged: damaged.map(visible),
    ...(before && difference ? { baseline: baselineOf(before, difference) } : {}),
  };
}

function baselineOf(before: RunReport, difference: ReturnType<typeof compareRuns>): Baseline {
  const { compared, changes, onlyBefore, onlyAfter } = difference;
  const names = (ids: readonly string[]) => ids.map(visible);
  return {
    id: visible(before.id),
    compared,
    changed: changes.length,
    onlyBefore: names(onlyBefore),
    onlyAfter: names(onlyAfter),
  };
}

function factsOf({ startedAt, tookMs, seed, jobs, engine }: RunReport): Overview["facts"] {
  return [
    ["started", visible(startedAt.replace("T", " ").replace(/\.\d+Z$/, " UTC"))],
    ["took", words.durationText(tookMs)],
    ["seed", String(seed)],
    ["worlds at a time", String(jobs)],
    ["engine", visible(`Docker ${engine.version}, ${engine.kind}`)],
    ["kernel", visible(engine.kernel)],
  ];
}

function summaryOf(report: RunReport, result: CellResult): CellSummary {
  const { cell, rate, error, verdict, surprise, why, tookMs, dir } = result;
  return {
    id: visible(cell.id),
    block: visible(cell.block),
    na: visible(gatewayName(cell.na)),
    nb: visible(gatewayName(cell.nb)),
    around: [...policyText(cell.na, cell.nb), ...surroundingsText(cell)].map(visible),
    tone: verdict,
    surprise,
    symbol: words.symbolOf(result),
    short: words.shortResult(result).replace(/^\S+ /, ""),
    verdict: words.verdictText(result),
    expected: words.expectationText(cell.expected),
    why: visible(why),
    ...(rate ? { rate } : {}),
    took: words.durationText(tookMs),
    command: visible(reproduction(report, cell.id)),
    dir: visible(dir),
    ...(error?.detail === undefined ? {} : { detail: lines(error.detail) }),
  };
}

/** Line ends stay, every other control character is made visible. */
export function lines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}

/** A block whose grids have one row or one column each is one grid with a row per policy. */
function blockOf(title: string, grids: readonly Grid[], numbers: ReadonlyMap<CellResult, number>): BlockContent {
  const narrow = grids.length > 1 && grids.every(({ rows, columns }) => rows.length * columns.length === 1);
  const plain = grids.map((grid) => gridOf(grid, numbers));
  return { title: visible(title), grids: narrow ? stacked(plain) : plain };
}

function gridOf(grid: Grid, numbers: ReadonlyMap<CellResult, number>): GridContent {
  return {
    caption: visible(grid.policy),
    corner: "NA \\ NB",
    rows: grid.rows.map(visible),
    columns: grid.columns.map(visible),
    cells: grid.rows.map((row) => grid.columns.map((column) => numbers.get(grid.at(row, column)!) ?? null)),
  };
}

/** Grids of one cell each: a row per policy, a column per pair of NATs. */
function stacked(grids: readonly GridContent[]): GridContent[] {
  const pairOf = ({ rows, columns }: GridContent) => `${rows[0]} ~ ${columns[0]}`;
  const columns = [...new Set(grids.map(pairOf))];
  const rows = [...new Set(grids.map(({ caption }) => caption))];
  const at = new Map(grids.map((grid) => [JSON.stringify([grid.caption, pairOf(grid)]), grid.cells[0]![0] ?? null]));
  return [
    {
      caption: "",
      corner: "around \\ NA ~ NB",
      rows,
      columns,
      cells: rows.map((row) => columns.map((column) => at.get(JSON.stringify([row, column])) ?? null)),
    },
  ];
}
