import { harmless } from "../harmless.ts";
import { renderLines } from "../line.ts";
import { renderEnd } from "../table.ts";
import { plain } from "../words.ts";
import { printOrWrite, type Reporter } from "./reporter.ts";

/** A line per cell, and at the end what surprised and the counts: for logs. */
export const line: Reporter = (run, desk) => {
  const paint = desk.to === undefined ? desk.paint : plain;
  const report = harmless(run.report);
  const lines = desk.followed && desk.to === undefined ? "" : renderLines(report, paint);
  return printOrWrite(run, desk, lines + renderEnd(report, paint));
};
