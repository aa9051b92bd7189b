import type { CellResult, RunReport } from "../events.ts";
import { table } from "../markdown-table.ts";
import { durationText, shortResult } from "../words.ts";
import { AROUND, OF_NATS, type Behaviour } from "./behaviours.ts";
import { compare, type Effect } from "./comparison.ts";
import { drawCrossings } from "./heat-map.ts";
import { drawRates } from "./rate-chart.ts";
import { birthdays, crossings, predictions, sweeps, type RatePoint, type SearchPoint } from "./rates.ts";
import { drawSearches } from "./search-chart.ts";
import { ALL_PORTS, searchMean } from "./theory.ts";

/** docs/results.md, and its figures by file name, which stand in a folder of the page's name beside it. */
export interface ResultsPage {
  readonly markdown: string;
  readonly figures: ReadonlyMap<string, string>;
}

/** One part of the page; a part about which the runs say nothing is not there. */
interface Part {
  readonly text: string;
  readonly figures?: readonly (readonly [name: string, svg: string])[];
}

/** Renders the page from runs alone: where two runs have the same cell, the later run counts. */
export function renderResults(runs: readonly RunReport[]): ResultsPage {
  const cells = [...new Map(runs.flatMap((run) => run.cells).map((result) => [identity(result), result])).values()];
  const asked = cells.filter(({ cell }) => cell.scenario === "rates");
  const known = cells.filter(({ cell }) => cell.scenario !== "rates");
  const parts = [
    { text: HEAD },
    runsPart(runs, cells),
    behavioursPart(known),
    birthdayPart(birthdays(asked)),
    sweepPart(sweeps(asked)),
    predictionPart(predictions(asked)),
    crossingPart(asked),
  ].filter((part) => part !== undefined);
  return {
    markdown: parts.map(({ text }) => text).join("\n\n") + "\n",
    figures: new Map(parts.flatMap((part: Part) => part.figures ?? [])),
  };
}

/** A run of several scenarios puts the scenario's name before a cell's id. */
function identity({ cell: { id, scenario } }: CellResult): string {
  return id.startsWith(`${scenario}.`) ? id : `${scenario}.${id}`;
}

const HEAD = `# Results

Rendered by \`natbed results\` from the reports of the runs below; \`make results\` makes both, the runs and the page. Every figure is
from these runs: nothing here was written by hand. A machine and a kernel of your own give you a page of your own.`;

function runsPart(runs: readonly RunReport[], cells: readonly CellResult[]): Part {
  const scenarios = Map.groupBy(cells, ({ cell }) => cell.scenario);
  const rows = [...scenarios]
    .toSorted(([p], [q]) => (p < q ? -1 : 1))
    .map(([scenario, members]) => {
      const count = (fits: (result: CellResult) => boolean) => String(members.filter(fits).length);
      const attempts = members.reduce((sum, { trials }) => sum + trials.length, 0);
      return [
        `[${scenario}](../scenarios/${scenario}.yaml)`,
        String(members.length),
        String(attempts),
        count(({ verdict }) => verdict === "direct"),
        count(({ verdict }) => verdict === "relayed"),
        count(({ verdict }) => verdict === "blocked"),
        count(({ surprise }) => surprise),
        count(({ state, verdict }) => state !== "done" || verdict === "invalid" || verdict === "unknown"),
      ];
    });
  const about = runs.map(
    ({ id, seed, tookMs, engine }) =>
      `\`${id}\`: seed ${seed}, ${durationText(tookMs)}, Linux ${release(engine.kernel)}, Docker ${release(engine.version)}.`,
  );
  const head = ["Scenario", "Cells", "Attempts", "Direct", "Relayed", "Blocked", "Surprises", "No result"];
  return { text: ["## The runs", table(head, rows), ...about].join("\n\n") };
}

function behavioursPart(results: readonly CellResult[]): Part {
  return {
    text: [
      "## Techniques against behaviours",
      `In the form of Guha and Francis (IMC 2005): what each thing that a NAT may do does to each technique. A cell of the table compares pairs
of attempts that differ in this one thing and in nothing else; empty cells have no such pair, or neither of it works.`,
      `${Object.values(MARKS).join(" · ")}. _Works_: how many cells of the technique came out direct or, of the relay, relayed.`,
      ...behaviourTable("What NATs do", results, OF_NATS),
      ...behaviourTable("What is between and beside them", results, AROUND),
    ].join("\n\n"),
  };
}

/** `6.18` of `6.18.44-some-build`: what else there is names a machine. */
function release(version: string): string {
  return /^\d+\.\d+/.exec(version)?.[0] ?? version;
}

const MARKS = {
  unmoved: "● works all the same",
  broken: "○ no longer works, and why",
  helped: "✚ works only so, of so many cells in so many",
  mixed: "◐ works in so many of so many cells",
};

function behaviourTable(title: string, results: readonly CellResult[], behaviours: readonly Behaviour[]): string[] {
  const comparisons = compare(results, behaviours);
  const seen = behaviours.map((_, at) => comparisons.some(({ effects }) => effects[at]));
  const shown = behaviours.filter((_, at) => seen[at]);
  if (shown.length === 0) return [];
  const rows = comparisons
    .filter(({ effects }) => effects.some(Boolean))
    .map(({ technique, works, of, effects }) => [
      technique,
      `${works}/${of}`,
      ...effects.filter((_, at) => seen[at]).map(effectText),
    ]);
  const words = shown.map(({ name, means }) => `_${name}_: ${means}`).join("; ");
  return [`### ${title}`, table(["Technique", "Works", ...shown.map(({ name }) => name)], rows), `${words}.`];
}

function effectText(effect: Effect | undefined): string {
  if (!effect) return "";
  const { unmoved, broken, helped, causes } = effect;
  const of = unmoved + broken + helped;
  const [cause] = causes;
  const why = cause ? shortResult({ verdict: "blocked", cause, surprise: false }).slice(2) : "";
  if (unmoved === of) return "●";
  if (helped === of) return "✚";
  if (broken === 0) return `✚ ${helped}/${of}`;
  if (broken === of) return `○ ${why}`.trimEnd();
  return `◐ ${of - broken}/${of} ${why}`.trimEnd();
}

function birthdayPart(points: readonly RatePoint[]): Part | undefined {
  if (points.length === 0) return undefined;
  return {
    text: [
      "## The birthday of case 4",
      `NA gives every connection a random port out of 64,512. A sends T SYNs, X forges T SYN+ACKs to random ports of NA, and one of them has to meet
a mapping. Without replacement on either side that is 1 − ∏ (64512 − T − i) / (64512 − i), i from 0 to T − 1.`,
      figure("birthday", "Share of direct trials by T, with theory"),
      rateTable("T", points),
    ].join("\n\n"),
    figures: [["birthday.svg", drawRates("The birthday of case 4", "SYNs and SYN+ACKs, each", points)]],
  };
}

function sweepPart(points: readonly SearchPoint[]): Part | undefined {
  if (points.length === 0) return undefined;
  const rows = points.map(({ at, direct, of, packets, ms }) => [
    at,
    `${direct}/${of}`,
    whole(mean(packets)),
    whole(searchMean()),
    `${whole(median(ms))} ms`,
    `${whole(ms.at(-1) ?? NaN)} ms`,
  ]);
  return {
    text: [
      "## The sweep of case 4",
      `In place of the birthday: A sends one SYN, X an ACK to every port of NA in random order until A hears one of them. That takes half of the ports
on average; X sends them in windows, two of which are under way when A hears one.`,
      figure("sweep", "Share of sweeps that had found the port, by packets, with theory"),
      table(
        ["One way", "Direct", "Packets, mean", "Ports up to the find, theory", "Time, median", "Time, longest"],
        rows,
      ),
    ].join("\n\n"),
    figures: [["sweep.svg", drawSearches("The sweep of case 4", points, ALL_PORTS)]],
  };
}

function whole(number: number): string {
  return Number.isNaN(number) ? "?" : number.toFixed(0);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}

function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function predictionPart(points: readonly RatePoint[]): Part | undefined {
  if (points.length === 0) return undefined;
  return {
    text: [
      "## A prediction beside a neighbour",
      `NA gives out ports in sequence, and a neighbour of A's opens connections at random, so far apart on average. A prediction holds if none of them
comes between the last probe and the SYN: e^(−age / pause). The age is measured in every trial, and theory is the mean over all of them.`,
      figure("prediction", "Share of predictions that held by the neighbour's pause, with theory"),
      rateTable("One connection per", points, "Mean age"),
    ].join("\n\n"),
    figures: [
      ["prediction.svg", drawRates("Predictions that held", "a neighbour's connection every so often", points)],
    ],
  };
}

function crossingPart(results: readonly CellResult[]): Part | undefined {
  const maps = crossings(results);
  if (maps.length === 0) return undefined;
  const pictures = maps.map(({ answer }) => figure(`crossing-${answer}`, `Direct trials where a SYN meets ${answer}`));
  const tables = maps.flatMap((map) => [
    `### An unsolicited SYN is answered with ${map.answer}`,
    table(
      ["One way", ...map.skewsMs.map((skew) => `skew ${skew} ms`)],
      map.delaysMs.map((delay) => [
        `${delay} ms`,
        ...map.skewsMs.map((skew) => {
          const rate = map.at(skew, delay);
          return rate ? `${rate.direct}/${rate.of}` : "";
        }),
      ]),
    ),
  ]);
  return {
    text: [
      "## SYNs that cross",
      `Simultaneous open, B's SYN later than A's by the skew. Where NATs drop an early SYN, the late one crosses its track at the near NAT, whatever
the times. Where they answer with RST, A's hole is closed again before B's SYN comes, unless the SYNs truly cross: the skew is shorter
than the way (left of the line). Where both are alike it is a race, and close to it the machine's own punctuality decides.`,
      ...pictures,
      ...tables,
    ].join("\n\n"),
    figures: maps.map((map) => [`crossing-${map.answer}.svg`, drawCrossings(map)] as const),
  };
}

function rateTable(varied: string, points: readonly RatePoint[], given?: string): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  return table(
    [varied, "Direct", "Share", "95 % interval (Wilson)", "Theory", ...(given ? [given] : [])],
    points.map((point) => [
      point.at,
      `${point.direct}/${point.of}`,
      percent(point.direct / point.of),
      `${percent(point.low)} to ${percent(point.high)}`,
      percent(point.theory),
      ...(given ? [point.given] : []),
    ]),
  );
}

function figure(name: string, about: string): string {
  return `![${about}](results/${name}.svg)`;
}
