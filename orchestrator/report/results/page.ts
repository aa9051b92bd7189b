import type { CellResult, RunReport } from "../events.ts";
import { table } from "../markdown-table.ts";
import { durationText, shortResult } from "../words.ts";
import { AROUND, OF_NATS, type Behaviour } from "./behaviours.ts";
import { compare, type Effect } from "./comparison.ts";
import { chanceParts } from "./chance.ts";
import type { Part } from "./part.ts";

/** docs/results.md, and its figures by file name, which stand in a folder of the page's name beside it. */
export interface ResultsPage {
  readonly markdown: string;
  readonly figures: ReadonlyMap<string, string>;
}

/** Renders the page from runs alone: where two runs have the same cell, the later run counts. */
export function renderResults(runs: readonly RunReport[]): ResultsPage {
  const cells = [...new Map(runs.flatMap((run) => run.cells).map((result) => [identity(result), result])).values()];
  const asked = cells.filter(({ cell }) => cell.scenario === "rates");
  const known = cells.filter(({ cell }) => cell.scenario !== "rates");
  const parts: readonly Part[] = [{ text: HEAD }, runsPart(runs, cells), behavioursPart(known), ...chanceParts(asked)];
  return {
    markdown: parts.map(({ text }) => text).join("\n\n") + "\n",
    figures: new Map(parts.flatMap(({ figures }) => figures ?? [])),
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
