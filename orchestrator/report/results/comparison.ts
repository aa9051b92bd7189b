import { TECHNIQUES } from "../../../wire/rendezvous.ts";
import { blockTitle } from "../../scenario/naming.ts";
import type { Cell } from "../../scenario/cell.ts";
import type { Cause } from "../../verdict/outcome.ts";
import type { CellResult } from "../events.ts";
import type { Behaviour, Setting } from "./behaviours.ts";

/** What a behaviour does to a technique, by pairs of cells that differ in nothing else. */
export interface Effect {
  /** Pairs that work with and without it, that it breaks, and that work with it alone. */
  readonly unmoved: number;
  readonly broken: number;
  readonly helped: number;
  /** Why it breaks, the commonest cause first. */
  readonly causes: readonly Cause[];
}

export interface Comparison {
  readonly technique: string;
  /** Cells that came out direct (or relayed, of the relay), of all cells. */
  readonly works: number;
  readonly of: number;
  /** By behaviour; undefined where no pair of cells says anything: there is none, or neither works. */
  readonly effects: readonly (Effect | undefined)[];
}

/** Every technique against every behaviour. Cells that ask how often are left out: theory, not another cell, says what to make of them. */
export function compare(results: readonly CellResult[], behaviours: readonly Behaviour[]): Comparison[] {
  const decided = results.filter(({ cell, state }) => state === "done" && !isQuestion(cell) && cell.na.kind === "nat");
  const bySetting = new Map(decided.map((result) => [keyOf(result.cell), result]));
  const techniques = Map.groupBy(decided, ({ cell }) => techniqueTitle(cell));
  return [...techniques].toSorted(byTechnique).map(([technique, members]) => ({
    technique,
    works: members.filter(works).length,
    of: members.length,
    effects: behaviours.map((behaviour) => effectOf(behaviour, members, bySetting)),
  }));
}

type Members = readonly [title: string, members: readonly CellResult[]];

/** In the order in which the protocol names techniques, then by their options; runs have an order of their own. */
function byTechnique([p, [one]]: Members, [q, [other]]: Members): number {
  const place = (result: CellResult | undefined): number =>
    result ? TECHNIQUES.indexOf(result.cell.technique.name) : TECHNIQUES.length;
  return place(one) - place(other) || (p < q ? -1 : 1);
}

function effectOf(
  { shows, without }: Behaviour,
  members: readonly CellResult[],
  bySetting: ReadonlyMap<string, CellResult>,
): Effect | undefined {
  const pairs = members.flatMap((result) => {
    const plain = shows(result.cell) ? bySetting.get(keyOf(without(result.cell))) : undefined;
    return plain ? [{ result, plain }] : [];
  });
  const count = (withIt: boolean, withoutIt: boolean) =>
    pairs.filter(({ result, plain }) => works(result) === withIt && works(plain) === withoutIt);
  const broken = count(false, true);
  const effect = { unmoved: count(true, true).length, broken: broken.length, helped: count(true, false).length };
  if (effect.unmoved + effect.broken + effect.helped === 0) return undefined;
  const causes = Map.groupBy(
    broken.flatMap(({ result }) => (result.cause ? [result.cause] : [])),
    (cause) => cause,
  );
  return { ...effect, causes: [...causes].toSorted(([, p], [, q]) => q.length - p.length).map(([cause]) => cause) };
}

/** `auto` may end with the relay as well, which is no success of its search for something better. */
function works({ verdict, cell }: CellResult): boolean {
  return verdict === "direct" || (verdict === "relayed" && cell.technique.name === "relay");
}

/** A cell that claims nothing but a range: what it asks is how often. */
function isQuestion({ expected }: Cell): boolean {
  return expected.verdict === "direct" && typeof expected.rate === "object";
}

/** The technique and what of its options makes it another one. */
function techniqueTitle({ technique }: Pick<Cell, "technique">): string {
  return blockTitle("predictionOffset" in technique ? { ...technique, predictionOffset: 0 } : technique, undefined);
}

/** Two cells with one key are one experiment, whatever their NATs are called. */
function keyOf({ technique, na, nb, core, carrier, neighbours }: Setting): string {
  return canonical({ technique, na, nb, core, carrier, neighbours });
}

/** JSON with keys in order, names of NATs left out. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(
    ([key, one]) => one !== undefined && !(key === "name" && "model" in value),
  );
  const sorted = entries.toSorted(([p], [q]) => (p < q ? -1 : 1));
  return `{${sorted.map(([key, one]) => `${key}:${canonical(one)}`).join()}}`;
}
