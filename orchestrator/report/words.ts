import { styleText } from "node:util";
import type { Cause, Expectation, ExpectedRate } from "../verdict/outcome.ts";
import type { CellResult, Rate, RunCounts } from "./events.ts";

/** Marks text for a terminal; the identity where colours are off. */
export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/** Colours as NO_COLOR, FORCE_COLOR and the stream itself want them. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (style, text) => styleText(style, text, { stream });
}

export const plain: Paint = (_, text) => text;

/** One or two words for a table cell; the full names stand in the list of surprises and in the files. */
const SHORT_CAUSE: Record<Cause, string> = {
  "icmp-killed-connect": "icmp",
  "source-route-refused": "route refused",
  "source-route-mistaken": "route mistaken",
  "port-exhausted": "exhausted",
  "no-collision": "no hit",
  "sweep-empty": "empty sweep",
  "out-of-state-leak": "leaked",
  "out-of-state-drop": "out of state",
  "mapping-mispredicted": "mispredicted",
  "reset-by-nat": "reset",
  "reset-by-host": "host reset",
  filtered: "filtered",
  "spoof-filtered": "spoof filtered",
  timeout: "timeout",
};

type Shown = Pick<CellResult, "verdict" | "surprise" | "cause" | "rate">;

const SYMBOL: Record<CellResult["verdict"], string> = {
  direct: "●",
  relayed: "◐",
  blocked: "○",
  invalid: "?",
  unknown: "?",
  unsupported: "–",
  error: "E",
};
const STYLE: Record<CellResult["verdict"], Parameters<typeof styleText>[0]> = {
  direct: "green",
  relayed: "yellow",
  blocked: "dim",
  invalid: "magenta",
  unknown: "magenta",
  unsupported: "dim",
  error: "magenta",
};
const SURPRISE_STYLE: Parameters<typeof styleText>[0] = ["bold", "inverse", "red"];

export const LEGEND: readonly (readonly [Shown, string])[] = [
  [{ verdict: "direct", surprise: false }, "direct"],
  [{ verdict: "relayed", surprise: false }, "relayed"],
  [{ verdict: "blocked", surprise: false }, "blocked"],
  [{ verdict: "direct", surprise: true }, "surprise"],
  [{ verdict: "invalid", surprise: false }, "invalid or unknown"],
  [{ verdict: "unsupported", surprise: false }, "unsupported"],
  [{ verdict: "error", surprise: false }, "infrastructure error"],
];

/** One character for a result; a surprise has a symbol of its own, so that it stands out without colours too. */
export function symbolOf({ verdict, surprise }: Shown): string {
  return surprise ? "!" : SYMBOL[verdict];
}

export function paintResult(result: Shown, text: string, paint: Paint): string {
  return paint(result.surprise ? SURPRISE_STYLE : STYLE[result.verdict], text);
}

/** What a table cell says, e.g. `○ mispredicted` or `● 5/5 57-100 %`. */
export function shortResult(result: Shown): string {
  // Where nothing came out direct, why is worth more room than how sure that is.
  const text = result.rate && result.rate.direct > 0 ? rateText(result.rate) : wordOf(result);
  return `${symbolOf(result)} ${text}`;
}

function wordOf({ verdict, cause }: Shown): string {
  return verdict === "blocked" && cause ? SHORT_CAUSE[cause] : verdict;
}

/** Direct trials and their 95 % interval. */
function rateText({ direct, of, low, high }: Rate): string {
  return `${direct}/${of} ${Math.round(low * 100)}-${Math.round(high * 100)} %`;
}

/** The whole verdict in words, e.g. `blocked: reset-by-nat`. */
export function verdictText({ verdict, cause, rate }: Shown): string {
  return [cause ? `${verdict}: ${cause}` : verdict, rate ? `(direct ${rateText(rate)})` : ""].join(" ").trimEnd();
}

export function expectationText(expected: Expectation): string {
  switch (expected.verdict) {
    case "direct":
      return expected.rate === undefined ? "direct" : `direct at a rate of ${expectedRateText(expected.rate)}`;
    case "relayed":
      return "relayed";
    case "blocked":
      return `blocked: ${expected.cause}`;
  }
}

function expectedRateText(rate: ExpectedRate): string {
  return typeof rate === "number" ? String(rate) : `${rate.from} to ${rate.to}`;
}

/** `0.31 s`, `42 s`, `3 min 5 s` */
export function durationText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return `${Math.floor(Math.round(seconds) / 60)} min ${Math.round(seconds) % 60} s`;
}

/** One line with the counts of a run; zeros that say nothing are left out. */
export function countsText(counts: RunCounts): string {
  const trouble: [number, string][] = [
    [counts.errors, counts.errors === 1 ? "error" : "errors"],
    [counts.invalid, "invalid"],
    [counts.unknown, "unknown"],
    [counts.unsupported, "unsupported"],
    [counts.notRun, "not run"],
  ];
  return [
    `${counts.total} ${counts.total === 1 ? "cell" : "cells"}`,
    `${counts.asExpected} as expected`,
    `${counts.surprises} ${counts.surprises === 1 ? "surprise" : "surprises"}`,
    ...trouble.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`),
  ].join(", ");
}
