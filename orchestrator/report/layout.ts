import { gatewayName, policyText, surroundingsText } from "../scenario/naming.ts";
import type { Cell } from "../scenario/cell.ts";
import type { CellResult } from "./events.ts";

/** The results of one technique: a grid per policy of the NATs, per core and per carrier. */
export interface Block {
  readonly title: string;
  readonly grids: readonly Grid[];
}

/** Rows are NA, columns NB, both in the order of their first cell. */
export interface Grid {
  /**
   * What the NATs do apart from ports, and what stands around them, e.g. `SYN drop, time-exceeded drop, core 20 ms`; empty where
   * there are no NATs and the core is plain.
   */
  readonly policy: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  at(row: string, column: string): CellResult | undefined;
}

/** Arranges results for tables, whatever order they came in: blocks and policies by name of their first cell in `results`. */
export function layOut(results: readonly CellResult[]): Block[] {
  const blocks = Map.groupBy(results, ({ cell }) => cell.block);
  return [...blocks].map(([title, members]) => {
    const policy = policyOf(members);
    const grids = Map.groupBy(members, ({ cell }) => [...policy(cell), ...surroundingsText(cell)].join(", "));
    return { title, grids: [...grids].map(([text, inGrid]) => gridOf(text, inGrid)) };
  });
}

/** Where every NAT of a block has one policy, as named NATs do, its name says it all, and policies do not tell grids apart. */
function policyOf(members: readonly CellResult[]): (cell: Cell) => string[] {
  const text = ({ na, nb }: Pick<Cell, "na" | "nb">) => policyText(na, nb);
  const gateways = members.flatMap(({ cell: { na, nb } }) => [na, nb]);
  const named = Map.groupBy(gateways, gatewayName);
  const oneEach = [...named.values()].every((alike) => sizeOf(alike.map((nat) => text({ na: nat, nb: nat }))) === 1);
  return oneEach && sizeOf(members.map(({ cell }) => text(cell))) > 1 ? () => [] : text;
}

function sizeOf(texts: readonly (readonly string[])[]): number {
  return new Set(texts.map((parts) => parts.join(", "))).size;
}

function gridOf(policy: string, results: readonly CellResult[]): Grid {
  const key = (row: string, column: string) => `${row}~${column}`;
  const byKey = new Map(
    results.map((result) => [key(gatewayName(result.cell.na), gatewayName(result.cell.nb)), result]),
  );
  return {
    policy,
    rows: [...new Set(results.map(({ cell }) => gatewayName(cell.na)))],
    columns: [...new Set(results.map(({ cell }) => gatewayName(cell.nb)))],
    at: (row, column) => byKey.get(key(row, column)),
  };
}
