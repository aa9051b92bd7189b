import { PLAIN_CORE, type TechniqueSpec } from "../../wire/control.ts";
import type { NamedNat } from "../nat/catalogue.ts";
import { completeModel, type Gateway, type NatModel } from "../nat/model.ts";
import type { Cell } from "./cell.ts";
import { expectationOf, matchRule } from "./expectation.ts";
import { blockTitle, cellId } from "./naming.ts";
import type { Problem } from "./problem.ts";
import { NO_NAT, type MatrixEntry, type ScenarioFile } from "./schema.ts";

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
    for (const [na, nb] of gatewayPairs(entry, nats)) {
      const rule = matchRule(entry.expect, na, nb);
      const cell = rule < 0 ? undefined : cellOf(file, entry, { na, nb, rule });
      const id = cell?.id ?? cellId(titleOf(entry), na, nb);
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

/** Reorders cells so that those with the same pair of NATs are neighbours: a warm world then seldom changes its rules. */
export function groupByGateways(cells: readonly Cell[]): Cell[] {
  const groups = Map.groupBy(cells, ({ na, nb }) => JSON.stringify([na, nb]));
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

function* gatewayPairs(entry: MatrixEntry, nats: ReadonlyMap<string, NamedNat>): Generator<[Gateway, Gateway]> {
  for (const unsolicitedSyn of entry.unsolicitedSyn ?? (["drop"] as const)) {
    for (const timeExceeded of entry.timeExceeded ?? (["translate"] as const)) {
      const policy = { unsolicitedSyn, timeExceeded };
      for (const na of entry.na)
        for (const nb of entry.nb) yield [gatewayOf(na, nats, policy), gatewayOf(nb, nats, policy)];
    }
  }
}

function gatewayOf(
  name: string,
  nats: ReadonlyMap<string, NamedNat>,
  policy: Pick<NatModel, "unsolicitedSyn" | "timeExceeded">,
): Gateway {
  const nat = nats.get(name);
  if (name === NO_NAT || !nat) return { kind: "router" };
  return { kind: "nat", name, model: completeModel({ ...policy, ...nat.axes }) };
}

function cellOf(
  file: ScenarioFile,
  entry: MatrixEntry,
  { na, nb, rule }: { na: Gateway; nb: Gateway; rule: number },
): Cell {
  const block = titleOf(entry);
  return {
    id: cellId(block, na, nb),
    scenario: file.name,
    block,
    technique: techniqueOf(entry),
    na,
    nb,
    core: PLAIN_CORE,
    ...(entry.neighbour && { neighbours: { a: entry.neighbour } }),
    trials: entry.trials ?? file.defaults?.trials ?? LIMITS.trials,
    deadlineMs: entry.deadlineMs ?? file.defaults?.deadlineMs ?? LIMITS.deadlineMs,
    expected: expectationOf(entry.expect[rule]!),
  };
}

function titleOf(entry: MatrixEntry): string {
  return entry.block ?? blockTitle(techniqueOf(entry), entry.neighbour && { a: entry.neighbour });
}

function techniqueOf(entry: MatrixEntry): TechniqueSpec {
  switch (entry.technique) {
    case "connect":
    case "public":
    case "relay":
      return { name: entry.technique };
    case "simultaneous-open":
      return { name: entry.technique, ...entry.options };
    case "natblaster-2":
      return { name: entry.technique, ...entry.options };
    case "natblaster-4":
      return { name: entry.technique, ...entry.options };
  }
}
