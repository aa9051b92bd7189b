import { resolve } from "node:path";
import { NatbedError } from "../errors.ts";
import type { Cell } from "../scenario/cell.ts";
import { expandScenario, loadScenario, type CellLimits } from "../scenario/load.ts";
import { suggest } from "../scenario/suggest.ts";
import { failedOf, type LastFailed } from "./last-failed.ts";
import type { Shard } from "./values.ts";

/** What the command line says about which cells to run. */
export interface Selection {
  readonly limits: CellLimits;
  /** Substrings, or regular expressions between slashes; a cell is chosen if any of them fits. None: every cell. */
  readonly filters: readonly string[];
  /** Only cells that failed in an earlier run. */
  readonly failed?: LastFailed;
  /** Which part of these cells; absent: all of them. */
  readonly shard?: Shard;
}

/** Cells of scenario files, filtered, or a shard of them. With several files the scenario's name goes before the id, so that ids stay unique. */
export async function selectCells(
  files: readonly string[],
  { limits, filters, failed, shard }: Selection,
): Promise<Cell[]> {
  const again = files.find((file, index) => files.some((one, at) => at < index && resolve(one) === resolve(file)));
  if (again !== undefined) {
    const message = `the scenario file ${again} is given twice`;
    throw new NatbedError(message, { kind: "usage", code: "scenario-invalid", hint: "name each file once" });
  }
  const scenarios = await Promise.all(files.map(loadScenario));
  const prefix = (cell: Cell) => (files.length > 1 ? { ...cell, id: `${cell.scenario}.${cell.id}` } : cell);
  const cells = scenarios.flatMap((scenario) => expandScenario(scenario, limits).map(prefix));
  const twice = cells.find((cell, index) => cells.findIndex(({ id }) => id === cell.id) !== index);
  if (twice) {
    const message = `cell ${twice.id} is in two of the scenario files`;
    throw new NatbedError(message, {
      kind: "usage",
      code: "scenario-invalid",
      hint: "give each scenario a name of its own",
    });
  }
  const chosen = filterCells(failed ? failedOf(cells, failed) : cells, filters);
  return shard ? partOf(chosen, shard) : chosen;
}

/**
 * Every n-th of the cells: neighbours in a scenario take about as long, so that no shard has all the long ones. Throws NatbedError
 * `no-match` where that is none.
 */
export function partOf(cells: readonly Cell[], { part, of }: Shard): Cell[] {
  if (part <= cells.length) return cells.filter((_, index) => index % of === part - 1);
  const all = cells.length === 1 ? "the only cell is" : `the ${cells.length} cells are`;
  throw new NatbedError(`--shard ${part}/${of} has no cell: ${all} in earlier shards`, {
    kind: "usage",
    code: "no-match",
    hint: `with these cells there can be up to ${cells.length} shards`,
  });
}

/** The cells whose id or block fits any of the filters. Throws NatbedError `no-match` for a filter that chooses nothing. */
export function filterCells(cells: readonly Cell[], filters: readonly string[]): Cell[] {
  const tests = filters.map(parseFilter);
  filters.forEach((filter, index) => {
    if (!cells.some(tests[index]!)) throw noMatch(filter, cells);
  });
  return tests.length === 0 ? [...cells] : cells.filter((cell) => tests.some((test) => test(cell)));
}

function parseFilter(filter: string): (cell: Cell) => boolean {
  const pattern = /^\/(.+)\/(i?)$/.exec(filter);
  if (!pattern) return ({ id, block }) => id.includes(filter) || block.includes(filter);
  const regex = parseRegex(pattern[1]!, pattern[2]!);
  return ({ id, block }) => regex.test(id) || regex.test(block);
}

function parseRegex(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (cause) {
    throw new NatbedError(`--filter /${source}/ is not a regular expression`, {
      kind: "usage",
      code: "filter-invalid",
      cause,
    });
  }
}

function noMatch(filter: string, cells: readonly Cell[]): NatbedError {
  const parts = cells.flatMap(({ id, block }) => [block, id, ...id.split(/[.~]/)]);
  const near = suggest(filter, [...new Set(parts)], 3);
  return new NatbedError(`--filter ${filter} matches none of ${cells.length} cells`, {
    kind: "usage",
    code: "no-match",
    hint: near.length > 0 ? `did you mean ${near.join(", ")}?` : "natbed matrix --list shows every cell's id",
  });
}
