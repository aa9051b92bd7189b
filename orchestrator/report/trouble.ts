import type { CellResult, RunReport } from "./events.ts";

/** Results that need a reader's attention, most urgent first; groups without members are left out. */
export function troubled({ cells }: Pick<RunReport, "cells">): { title: string; results: CellResult[] }[] {
  const groups = [
    { title: "Surprises", results: cells.filter((result) => result.surprise) },
    {
      title: "Without a result: the world or the evidence was not what the cell needs",
      results: cells.filter(({ verdict, surprise }) => !surprise && (verdict === "invalid" || verdict === "unknown")),
    },
    {
      title: "Not tried: this kernel or engine cannot build the world",
      results: cells.filter(({ state }) => state === "skipped"),
    },
    { title: "Infrastructure errors", results: cells.filter(({ state }) => state === "error") },
  ];
  return groups.filter(({ results }) => results.length > 0);
}

/** The command that runs one cell of a run again with the same seed. */
export function reproduction({ scenario, seed }: Pick<RunReport, "scenario" | "seed">, id: string): string {
  return ["natbed matrix", ...scenario.map(quoted), `--filter ${quoted(id)}`, `--seed ${seed}`].join(" ");
}

/** The command that runs all of it again with the same seed. */
export function repetition({ scenario, seed }: Pick<RunReport, "scenario" | "seed">): string {
  return ["natbed matrix", ...scenario.map(quoted), `--seed ${seed}`].join(" ");
}

function quoted(word: string): string {
  return /^[\w./~+:@%-]+$/.test(word) && !word.startsWith("~") ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
