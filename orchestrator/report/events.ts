import type { Cell } from "../scenario/cell.ts";
import type { Measures } from "../verdict/measures.ts";
import type { Cause, Outcome } from "../verdict/outcome.ts";

/** One attempt at a cell and what was judged from its evidence. */
export interface TrialResult {
  /** 1-based number of the trial. */
  n: number;
  outcome: Outcome;
  /** Absent where the world was not what the cell claims, so that nothing was tried. */
  measures?: Measures;
  tookMs: number;
  /** Where the trial's evidence lies, relative to the run directory. */
  dir: string;
}

/** How often a probabilistic cell came out direct, with the bounds of its 95 % Wilson interval. */
export interface Rate {
  direct: number;
  of: number;
  low: number;
  high: number;
}

/** An infrastructure error, as it stands in a report (I-8: never a verdict). */
export interface CellError {
  code: string;
  message: string;
  detail?: string;
}

/** What became of one cell. `verdict` is "error" exactly where `state` is, and "unsupported" where `state` is "skipped". */
export interface CellResult {
  cell: Cell;
  state: "done" | "error" | "skipped";
  verdict: Outcome["verdict"] | "error";
  cause?: Cause;
  why: string;
  trials: TrialResult[];
  rate?: Rate;
  /** The observation contradicts the cell's expectation, in either direction. */
  surprise: boolean;
  error?: CellError;
  tookMs: number;
  /** The cell's directory, relative to the run directory. */
  dir: string;
}

export interface RunCounts {
  total: number;
  asExpected: number;
  surprises: number;
  errors: number;
  direct: number;
  relayed: number;
  blocked: number;
  invalid: number;
  unknown: number;
  unsupported: number;
  notRun: number;
}

export type RunEnd = "complete" | "interrupted" | "engine-lost";
export type ExitCode = 0 | 1 | 2 | 3 | 130;

/** A whole run: the content of report.json. */
export interface RunReport {
  schema: 1;
  id: string;
  seed: number;
  /** The scenario files as given on the command line. */
  scenario: string[];
  /** ISO 8601. */
  startedAt: string;
  tookMs: number;
  dir: string;
  jobs: number;
  engine: { version: string; kind: string; kernel: string };
  ended: RunEnd;
  counts: RunCounts;
  exitCode: ExitCode;
  cells: CellResult[];
}

/** What a run tells while it goes on. Reporters render from these alone. */
export type RunEvent =
  | {
      type: "run-started";
      id: string;
      seed: number;
      total: number;
      jobs: number;
      dir: string;
      cells: { id: string; block: string }[];
    }
  | { type: "cell-started"; id: string }
  | { type: "cell-finished"; result: CellResult }
  | { type: "run-finished"; report: RunReport };
