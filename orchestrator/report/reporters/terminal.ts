import { harmless } from "../harmless.ts";
import { renderTable } from "../table.ts";
import { plain } from "../words.ts";
import { printOrWrite, type Reporter } from "./reporter.ts";

/** The tables of a run, what surprised in it with the command that repeats it, and the counts. */
export const terminal: Reporter = (run, desk) => {
  const paint = desk.to === undefined ? desk.paint : plain;
  return printOrWrite(run, desk, renderTable(harmless(run.report), { paint, columns: desk.columns }));
};
