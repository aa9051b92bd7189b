import type { CoreModel, Traffic } from "../../wire/control.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import type { Gateway } from "../nat/model.ts";
import type { Expectation } from "../verdict/outcome.ts";

type Nat = Extract<Gateway, { kind: "nat" }>;

/** Carrier-grade NATs in front of the home NATs: one for each side that has one, or one that both sides are subscribers of. */
export type Carrier =
  { readonly kind: "each"; readonly a?: Nat; readonly b?: Nat } | { readonly kind: "shared"; readonly nat: Nat };

/** One claim of a scenario: this technique through these NATs has this outcome. */
export interface Cell {
  /** Stable, readable, unique in its scenario and usable as a file name, e.g. `natblaster-2-low-ttl.preserve~random.reset.te-drop`. */
  readonly id: string;
  readonly scenario: string;
  /** The block of the report's table that the cell stands in, e.g. `natblaster-2 low-ttl`. */
  readonly block: string;
  readonly technique: TechniqueSpec;
  readonly na: Gateway;
  readonly nb: Gateway;
  /** Absent: the NATs stand directly at the core. */
  readonly carrier?: Carrier;
  readonly core: CoreModel;
  /** Inside neighbours A2 and B2, each opening connections to X (breaks assumption 4); absent: none. */
  readonly neighbours?: Readonly<Partial<Record<"a" | "b", Traffic>>>;
  readonly trials: number;
  /** Time without a word from X after which an attempt is called off, once both sides know each other's endpoint. */
  readonly deadlineMs: number;
  readonly expected: Expectation;
}
