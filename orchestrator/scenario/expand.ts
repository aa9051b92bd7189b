import type { Expectation } from "../verdict/outcome.ts";
import type { NamedNat } from "../nat/catalogue.ts";
import type { Cell } from "./cell.ts";
import { choicesOf, type Choice } from "./choice.ts";
import { expectationOf, matchRule } from "./expectation.ts";
import { answerOf, type RuleTable } from "./rules.ts";
import { techniqueOf } from "./technique.ts";
import { blockTitle, cellId } from "./naming.ts";
import type { Problem } from "./problem.ts";
import { BY_TABLE, type MatrixEntry, type ScenarioFile } from "./schema.ts";

/** What an entry gets where neither it nor the file's defaults say otherwise. */
const LIMITS = { trials: 1, deadlineMs: 1500 };

/** A cell before it is known what is expected of it. */
type Claimless = Omit<Cell, "expected">;

/**
 * The cells of a scenario in the order of the file, or what keeps an entry from standing for cells. `table` answers for entries
 * that leave their expectations to it.
 */
export function expandMatrix(
  file: ScenarioFile,
  nats: ReadonlyMap<string, NamedNat>,
  table: RuleTable,
): { cells: Cell[]; problems: Problem[] } {
  const cells: Cell[] = [];
  const problems: Problem[] = [];
  const owner = new Map<string, number>();
  file.matrix.forEach((entry, index) => {
    const base = ["matrix", index];
    const expectations = expectationsOf(entry, table);
    const unexpected = new Map<string, string[]>();
    for (const choice of choicesOf(entry, nats)) {
      const cell = cellOf(file, entry, choice);
      const { id } = cell;
      const expected = expectations.of(cell);
      if (typeof expected === "string") unexpected.set(expected, [...(unexpected.get(expected) ?? []), id]);
      else cells.push({ ...cell, expected });
      if (owner.has(id))
        problems.push({ path: base, message: `cell ${id} also comes from ${describeOwner(owner.get(id)!, index)}` });
      owner.set(id, index);
    }
    for (const [why, [id, ...more]] of unexpected)
      problems.push({
        path: [...base, "expect"],
        message: `no rule fits cell ${id}${more.length > 0 ? `, nor ${more.length} more` : ""}; ${why}`,
      });
    problems.push(...expectations.unused().map((rule) => ({ path: [...base, "expect", rule], message: UNUSED_RULE })));
  });
  return { cells, problems };
}

/** What an entry expects of each of its cells, or why nothing; and afterwards, which of its own rules no cell has needed. */
interface Expectations {
  of: (cell: Claimless) => Expectation | string;
  unused: () => readonly number[];
}

function expectationsOf({ expect }: MatrixEntry, table: RuleTable): Expectations {
  if (expect === BY_TABLE)
    return {
      of: (cell) => {
        const answer = answerOf(table, cell);
        return typeof answer === "string" ? answer : expectationOf(answer.rule);
      },
      unused: () => [],
    };
  const used = new Set<number>();
  return {
    of: (cell) => {
      const rule = matchRule(expect, cell);
      used.add(rule);
      return rule < 0 ? "add a last rule without when" : expectationOf(expect[rule]!);
    },
    unused: () => [...expect.keys()].filter((index) => !used.has(index)),
  };
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

function cellOf(file: ScenarioFile, entry: MatrixEntry, choice: Choice): Claimless {
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
