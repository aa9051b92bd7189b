/**
 * What the page shows, as plain values: the overview for the matrix, and what there is to say of a cell, which the page reads when the cell is
 * opened. All sentences are made here and not in the page.
 */

/** How a result is coloured. */
export type Tone = "direct" | "relayed" | "blocked" | "invalid" | "unknown" | "unsupported" | "error";

export interface Overview {
  readonly title: string;
  readonly id: string;
  /** The run in a sentence: `179 cells, 179 as expected, 0 surprises`. */
  readonly counts: string;
  /** Absent: it ran to its end. */
  readonly ended?: string;
  readonly mood: "good" | "surprised" | "troubled";
  /** What was run, when, on what: name and value. */
  readonly facts: readonly (readonly [string, string])[];
  readonly command: string;
  readonly cells: readonly CellSummary[];
  readonly attention: readonly { readonly title: string; readonly cells: readonly number[] }[];
  readonly blocks: readonly BlockContent[];
  /** Files of the run that could not be read. */
  readonly damaged: readonly string[];
  readonly baseline?: Baseline;
}

/** How the run differs from an earlier one. */
export interface Baseline {
  readonly id: string;
  readonly compared: number;
  readonly changed: number;
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
}

export interface CellSummary {
  readonly id: string;
  readonly block: string;
  readonly na: string;
  readonly nb: string;
  /** What stands around the NATs and what they do apart from ports. */
  readonly around: readonly string[];
  readonly tone: Tone;
  readonly surprise: boolean;
  readonly symbol: string;
  /** What fits into a cell of the matrix. */
  readonly short: string;
  readonly verdict: string;
  readonly expected: string;
  readonly why: string;
  readonly rate?: { readonly direct: number; readonly of: number; readonly low: number; readonly high: number };
  readonly took: string;
  readonly command: string;
  /** Relative to the run directory. */
  readonly dir: string;
  /** An infrastructure error's detail. */
  readonly detail?: string;
  readonly before?: { readonly what: string; readonly verdict: string };
}

export interface BlockContent {
  readonly title: string;
  readonly grids: readonly GridContent[];
}

export interface GridContent {
  readonly caption: string;
  readonly corner: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** Row by row, the cell's number, or null where there is none. */
  readonly cells: readonly (readonly (number | null)[])[];
}

/** What is embedded of one cell. */
export interface CellContent {
  /** All trials in a line each. */
  readonly trials: readonly TrialLine[];
  /** The ones that are shown whole. */
  readonly shown: readonly TrialContent[];
}

export interface TrialLine {
  readonly n: number;
  readonly tone: Tone;
  readonly verdict: string;
  readonly why: string;
  readonly took: string;
}

export interface TrialContent {
  readonly n: number;
  /** The verdict, its reason, and what is missing; with nodes by name. */
  readonly words: readonly string[];
  /** Number of the step in which the cause struck. */
  readonly decisive?: number;
  readonly proof: readonly ProofContent[];
  /** What is damaged or missing. */
  readonly faults: readonly string[];
  readonly ladder?: LadderContent;
  readonly kept: readonly KeptContent[];
  readonly logs: readonly LogContent[];
  readonly files: readonly FileContent[];
  /** The capture's name in the run directory, and its bytes; it is embedded where there is room. */
  readonly capture?: { readonly path: string; readonly bytes: number };
}

export interface ProofContent {
  readonly claim: string;
  readonly evidence: string;
  readonly step?: number;
}

export interface LadderContent {
  readonly lanes: readonly string[];
  readonly steps: readonly StepContent[];
  /** Steps that are not embedded. */
  readonly beyond: number;
  /** Rows of the timeline that no step shows. */
  readonly hidden: number;
  /** Every packet as it was somewhere, in hex; a link changes none. */
  readonly bytes: readonly string[];
  /** The ladder in characters; empty where there was no room for it. */
  readonly text: string;
}

/** Mark of a lane, see ladder/step.ts. */
export type LaneMark = "from" | "unseen" | "passed" | "rewritten" | "arrived" | "died" | "lost";

export interface StepContent {
  readonly ms: number;
  readonly text: string;
  readonly decisive?: true;
  /** Absent: a word at a lane. */
  readonly way?: readonly (readonly [lane: number, mark: LaneMark])[];
  readonly lane?: number;
  readonly both?: true;
  readonly end?: { readonly kind: "died" | "unknown"; readonly why: string };
  readonly rows: readonly RowContent[];
  /** Rows that are not embedded. */
  readonly beyond: number;
}

export interface RowContent {
  readonly ms: number;
  /** Where a packet was seen: place, direction, milliseconds, number of its bytes. */
  readonly seen?: readonly (readonly [place: string, direction: "in" | "out", ms: number, bytes: number])[];
  /** What a NAT or router wrote into it. */
  readonly rewrites?: readonly string[];
  readonly fate?: string;
  /** Of a word: all that was said. */
  readonly detail?: string;
}

/** A connection that a NAT kept. */
export interface KeptContent {
  readonly node: string;
  readonly lane: number;
  /** Absent: from the start. */
  readonly fromMs?: number;
  /** Absent: to the end. */
  readonly toMs?: number;
  readonly inside: string;
  readonly outside: string;
  readonly states: string;
  /** It belongs to a host's talk with X. */
  readonly signalling: boolean;
}

export interface LogContent {
  readonly ms: number;
  readonly node: string;
  readonly what: string;
  readonly detail: string;
}

export interface FileContent {
  readonly title: string;
  readonly path: string;
  readonly text: string;
  /** Characters that are not embedded. */
  readonly beyond: number;
}
