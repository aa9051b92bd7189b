import { gatewayName } from "../scenario/naming.ts";
import { refusalName, type Gateway, type NatModel } from "../nat/model.ts";
import type { CellResult } from "./events.ts";

/** The results of one technique: a grid per policy of the NATs. */
export interface Block {
  readonly title: string;
  readonly grids: readonly Grid[];
}

/** Rows are NA, columns NB, both in the order of their first cell. */
export interface Grid {
  /** What the NATs do apart from ports, e.g. `SYN drop, time-exceeded drop`; empty where there are no NATs. */
  readonly policy: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  at(row: string, column: string): CellResult | undefined;
}

/** Arranges results for tables, whatever order they came in: blocks and policies by name of their first cell in `results`. */
export function layOut(results: readonly CellResult[]): Block[] {
  const blocks = Map.groupBy(results, ({ cell }) => cell.block);
  return [...blocks].map(([title, members]) => {
    const grids = Map.groupBy(members, ({ cell }) => policyText(cell.na, cell.nb));
    return { title, grids: [...grids].map(([policy, inGrid]) => gridOf(policy, inGrid)) };
  });
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

function policyText(na: Gateway, nb: Gateway): string {
  if (na.kind === "router" || nb.kind === "router") return "";
  const pair = (axis: (model: NatModel) => string) => [...new Set([axis(na.model), axis(nb.model)])].join("/");
  return `SYN ${pair((model) => refusalName(model.unsolicitedSyn))}, time-exceeded ${pair((model) => model.timeExceeded)}`;
}
