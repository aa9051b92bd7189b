import type { Cell } from "../scenario/cell.ts";
import { isResult, type Cause, type Expectation, type Outcome } from "./outcome.ts";

/** What all trials of a cell say together. */
export interface Aggregate {
  readonly verdict: Outcome["verdict"];
  readonly cause?: Cause;
  readonly why: string;
  /** Trials that came out direct, of those that are results; only where there are several. */
  readonly direct?: { readonly count: number; readonly of: number };
}

/** The one outcome that stands for the cell, and the count where there were several trials. */
export function aggregate(outcomes: readonly Outcome[]): Aggregate {
  const representative = represent(outcomes);
  const { verdict, why } = representative;
  const count = outcomes.filter((outcome) => outcome.verdict === "direct").length;
  return {
    verdict,
    why,
    ...(representative.verdict === "blocked" ? { cause: representative.cause } : {}),
    ...(outcomes.length > 1 ? { direct: { count, of: outcomes.length } } : {}),
  };
}

/**
 * A trial that is no result taints the cell. Otherwise one direct trial shows that the technique can work, and among blocked
 * ones the commonest cause counts; `no-collision` is the birthday's own lottery and stands only where nothing else does.
 */
function represent(outcomes: readonly Outcome[]): Outcome {
  const tainted = outcomes.find((outcome) => !isResult(outcome));
  const won = outcomes.find(({ verdict }) => verdict === "direct" || verdict === "relayed");
  const blocked = outcomes.filter((outcome) => outcome.verdict === "blocked");
  const weight = ({ cause }: { cause: Cause }): number =>
    cause === "no-collision" ? 0 : blocked.filter((other) => other.cause === cause).length;
  const commonest = blocked.toSorted((one, other) => weight(other) - weight(one))[0];
  const representative = tainted ?? won ?? commonest;
  if (!representative) throw new RangeError("a cell without trials has no outcome");
  return representative;
}

/** Whether one trial of a deterministic cell contradicts the expectation. What is no result contradicts nothing. */
export function contradicts(expected: Expectation, outcome: Outcome): boolean {
  if (!isResult(outcome)) return false;
  if (outcome.verdict !== expected.verdict) return true;
  return outcome.verdict === "blocked" && expected.verdict === "blocked" && outcome.cause !== expected.cause;
}

/**
 * The first trial that contradicts the expectation. A blocked cell of the birthday technique may lose the lottery instead of
 * meeting its cause; deterministic cells may not.
 */
export function contradiction(
  { expected, technique }: Pick<Cell, "expected" | "technique">,
  outcomes: readonly Outcome[],
): Outcome | undefined {
  return outcomes.find(
    (outcome) =>
      contradicts(expected, outcome) &&
      !(
        isBirthday(technique) &&
        outcomes.length > 1 &&
        outcome.verdict === "blocked" &&
        outcome.cause === "no-collision"
      ),
  );
}

function isBirthday(technique: Cell["technique"]): boolean {
  return technique.name === "birthday-open" || (technique.name === "natblaster-4" && technique.search === "birthday");
}
