import type { NodeId } from "../../../wire/control.ts";

/** What a ladder draws at a lane that an arrow comes by. */
export type Mark = "from" | "unseen" | "passed" | "rewritten" | "arrived" | "died" | "lost";

/** One line of a ladder: an arrow over the lanes that a packet came by, or a word at one lane. */
export type Step = Arrow | Word;

interface Line {
  readonly atUs: number;
  /** What it says, without the time; harmless for a terminal. */
  readonly text: string;
  /** The verdict's cause struck here. */
  readonly decisive: boolean;
}

export interface Arrow extends Line {
  readonly kind: "arrow";
  /** At least one: a packet that was seen at one node only has no way. */
  readonly way: readonly { readonly node: NodeId; readonly mark: Mark }[];
  /** Of a fold: packets went both ways. */
  readonly both: boolean;
  /** How the way ended, where it did not arrive. */
  readonly end?: { readonly kind: "died" | "unknown"; readonly why: string };
}

export interface Word extends Line {
  readonly kind: "word";
  readonly node: NodeId;
}
