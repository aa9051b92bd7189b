import type { TechniqueSpec } from "../../wire/control.ts";
import type { NamedNat } from "../nat/catalogue.ts";
import type { Cell } from "./cell.ts";
import { choicesOf, type Choice } from "./choice.ts";
import { expectationOf, matchRule } from "./expectation.ts";
import { blockTitle, cellId } from "./naming.ts";
import type { Problem } from "./problem.ts";
import type { MatrixEntry, ScenarioFile } from "./schema.ts";

/** What an entry gets where neither it nor the file's defaults say otherwise. */
const LIMITS = { trials: 1, deadlineMs: 1500 };

/** The cells of a scenario in the order of the file, or what keeps an entry from standing for cells. */
export function expandMatrix(
  file: ScenarioFile,
  nats: ReadonlyMap<string, NamedNat>,
): { cells: Cell[]; problems: Problem[] } {
  const cells: Cell[] = [];
  const problems: Problem[] = [];
  const owner = new Map<string, number>();
  file.matrix.forEach((entry, index) => {
    const base = ["matrix", index];
    const used = new Set<number>();
    for (const choice of choicesOf(entry, nats)) {
      const rule = matchRule(entry.expect, choice);
      const cell = rule < 0 ? undefined : cellOf(file, entry, { choice, rule });
      const id = cell?.id ?? cellId(titleOf(entry), choice);
      if (!cell)
        problems.push({ path: [...base, "expect"], message: `no rule fits cell ${id}; add a last rule without when` });
      if (owner.has(id))
        problems.push({ path: base, message: `cell ${id} also comes from ${describeOwner(owner.get(id)!, index)}` });
      owner.set(id, index);
      used.add(rule);
      if (cell) cells.push(cell);
    }
    problems.push(
      ...unusedRules(entry, used).map((rule) => ({ path: [...base, "expect", rule], message: UNUSED_RULE })),
    );
  });
  return { cells, problems };
}

/** Reorders cells so that those with the same NATs are neighbours: a warm world then seldom changes its rules. */
export function groupByGateways(cells: readonly Cell[]): Cell[] {
  const groups = Map.groupBy(cells, ({ na, nb, carrier }) => JSON.stringify([na, nb, carrier]));
  return [...groups.values()].flat();
}

const UNUSED_RULE = "fits no cell that the rules above it leave over";

function describeOwner(owner: number, index: number): string {
  return owner === index
    ? "the same entry: a list names something twice"
    : `matrix[${owner}]; give one of the two a block title`;
}

function unusedRules(entry: MatrixEntry, used: ReadonlySet<number>): number[] {
  return entry.expect.flatMap((_, index) => (used.has(index) ? [] : [index]));
}

function cellOf(file: ScenarioFile, entry: MatrixEntry, { choice, rule }: { choice: Choice; rule: number }): Cell {
  const block = titleOf(entry);
  return {
    id: cellId(block, choice),
    scenario: file.name,
    block,
    technique: techniqueOf(entry),
    ...choice,
    ...neighboursOf(entry),
    trials: entry.trials ?? file.defaults?.trials ?? LIMITS.trials,
    deadlineMs: entry.deadlineMs ?? file.defaults?.deadlineMs ?? LIMITS.deadlineMs,
    expected: expectationOf(entry.expect[rule]!),
  };
}

function titleOf(entry: MatrixEntry): string {
  return entry.block ?? blockTitle(techniqueOf(entry), neighboursOf(entry).neighbours);
}

function neighboursOf({ neighbour }: MatrixEntry): Pick<Cell, "neighbours"> {
  if (!neighbour) return {};
  const { beside, ...traffic } = neighbour;
  return { neighbours: Object.fromEntries(beside.map((side) => [side, traffic])) };
}

function techniqueOf(entry: MatrixEntry): TechniqueSpec {
  switch (entry.technique) {
    case "connect":
    case "public":
    case "relay":
      return { name: entry.technique };
    case "simultaneous-open":
      return { name: entry.technique, ...entry.options };
    case "p2pnat":
      return { name: entry.technique, ...entry.options };
    case "sequential-open":
      return { name: entry.technique, ...entry.options };
    case "stunt-1":
      return { name: entry.technique, ...entry.options };
    case "stunt-2":
      return { name: entry.technique, ...entry.options };
    case "natblaster-1":
    case "natblaster-3":
      return { name: entry.technique, ...entry.options };
    case "natblaster-2":
      return { name: entry.technique, ...entry.options };
    case "natblaster-4": {
      const { search, syns = BIRTHDAY_SYNS, ...punch } = entry.options;
      return search === "birthday"
        ? { name: entry.technique, search, syns, ...punch }
        : { name: entry.technique, search, ...punch };
    }
    case "natblaster-5":
      return { name: entry.technique, ...entry.options };
  }
}

/** Of 64,512 ports: one in 20 such birthdays finds nothing. */
const BIRTHDAY_SYNS = 439;
