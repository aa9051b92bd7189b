import type { NodeId } from "../../../wire/control.ts";
import type { Evidence } from "../../evidence/types.ts";
import { layersOf } from "../../plan/shape.ts";
import type { TrialRecord } from "../../timeline/record.ts";
import type { Fold } from "../../timeline/fold.ts";
import { timelineOf, type Row, type Timeline } from "../../timeline/timeline.ts";
import type { Outcome } from "../../verdict/outcome.ts";
import type { JudgedCell } from "../../verdict/scene.ts";
import { explain, explanationText, type Explanation } from "./explanation.ts";
import { namesOf, type Names } from "./names.ts";
import type { Step } from "./step.ts";
import { rungsOf, stepOf } from "./steps.ts";

/** A trial as it is drawn, whatever it is drawn with. */
export interface Ladder {
  readonly startUs: number;
  readonly steps: readonly Step[];
  /** What each step stands for. */
  readonly rungs: readonly (Row | Fold)[];
  readonly kept: Timeline["kept"];
  readonly names: Names;
  /** Rows of the timeline that have no line of their own. */
  readonly hidden: number;
  readonly explanation?: Explanation;
  /** The verdict and its reason; empty where the evidence is not whole. */
  readonly words: readonly string[];
}

interface Trial {
  readonly record: TrialRecord;
  /** Absent: its file is damaged. Then no NAT's axis is named, and nothing is judged. */
  readonly cell: JudgedCell | undefined;
  /** Absent: it is not whole. */
  readonly evidence: Evidence | undefined;
  /** What was judged already. */
  readonly outcome?: Outcome | undefined;
  /** Every packet, event and log line in a line of its own. */
  readonly every: boolean;
}

export function ladderOf({ record, cell, evidence, outcome, every }: Trial): Ladder {
  const timeline = timelineOf(record, cell ? layersOf(cell) : []);
  const names = namesOf(Object.keys(record.captures) as NodeId[]);
  const explanation = cell && evidence ? explain(cell, evidence, outcome) : undefined;
  const rungs = every ? timeline.rows : rungsOf(timeline);
  const steps = rungs.map((one) => stepOf(one, names, explanation?.decisive));
  return {
    startUs: timeline.startUs,
    steps,
    rungs,
    kept: timeline.kept,
    names,
    hidden: timeline.rows.length - steps.length,
    ...(explanation ? { explanation } : {}),
    words: explanation ? explanationText(explanation, names) : [],
  };
}
