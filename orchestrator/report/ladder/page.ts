import { wrap } from "../columns.ts";
import type { Paint } from "../words.ts";
import { LEGEND, renderLadder } from "./ascii.ts";
import type { Ladder } from "./ladder.ts";

/** A trial for a terminal: what came of it and why, its ladder, and what the signs mean. */
export function renderExplanation(
  { startUs, steps, hidden, words }: Ladder,
  { title, paint, columns }: { readonly title: string; readonly paint: Paint; readonly columns: number },
): string {
  const [verdict, ...reasons] = words;
  const head = [
    paint("bold", title),
    ...(verdict === undefined ? ["not judged: the evidence is not whole"] : [verdict]),
    ...reasons.flatMap((reason) => wrap(reason, columns - INDENT.length).map((line) => INDENT + line)),
  ];
  const foot = [
    ...wrap(LEGEND, columns),
    ...(hidden > 0 ? wrap(`${hidden} rows are folded or left out; --all shows each`, columns) : []),
  ];
  return [
    ...head,
    "",
    renderLadder(steps, { startUs, paint, columns }),
    ...foot.map((line) => paint("dim", line)),
    "",
  ].join("\n");
}

const INDENT = "  ";
