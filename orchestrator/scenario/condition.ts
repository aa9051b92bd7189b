import { z } from "zod";
import {
  DEPENDENCIES,
  OUT_OF_STATE,
  RESETS,
  refusalName,
  SOURCE_ROUTES,
  SYN_REFUSALS,
  TIME_EXCEEDED,
} from "../nat/model.ts";
import type { Axis, Gateway, NatModel } from "../nat/model.ts";
import type { Cell } from "./cell.ts";
import { carrierName, gatewayName } from "./naming.ts";
import { oneOrMore, strict } from "./strict.ts";

type Scalar = string | number | boolean;

/** A rule's `when`: facts of a cell by key, each with the values that fit. */
export type Condition = Readonly<Record<string, Scalar | readonly Scalar[] | undefined>>;

/** What of a cell a condition may speak of. */
export type Surroundings = Pick<Cell, "technique" | "na" | "nb" | "core" | "carrier">;

/** Words for NATs, each with alternatives of which a NAT that is so called fits one: conditions on its axes alone. */
export type Kinds = Readonly<Record<string, readonly Condition[]>>;

/** An axis that has a name for each of its values. */
interface NamedAxis {
  readonly values: z.ZodType<Scalar>;
  readonly of: (model: NatModel) => Scalar;
}

const refusalNames = z.enum([...SYN_REFUSALS, "delayed-icmp"]);
const dependencies = z.enum(DEPENDENCIES);

const NAMED_AXES = {
  mapping: { values: dependencies, of: ({ mapping }) => mapping },
  filtering: { values: dependencies, of: ({ filtering }) => filtering },
  ports: { values: z.enum(["preserve", "sequential", "random"]), of: ({ ports }) => ports.kind },
  unsolicitedSyn: { values: refusalNames, of: ({ unsolicitedSyn }) => refusalName(unsolicitedSyn) },
  wrongPeerSyn: { values: refusalNames, of: ({ wrongPeerSyn }) => refusalName(wrongPeerSyn) },
  timeExceeded: { values: z.enum(TIME_EXCEEDED), of: ({ timeExceeded }) => timeExceeded },
  reset: { values: z.enum(RESETS), of: ({ reset }) => reset },
  outOfState: { values: z.enum(OUT_OF_STATE), of: ({ outOfState }) => outOfState },
  crossingSyn: { values: z.enum(["accept", "refuse"]), of: ({ crossingSyn }) => crossingSyn },
  windowTracking: { values: z.enum(["strict", "liberal"]), of: ({ windowTracking }) => windowTracking },
  sequenceNumbers: { values: z.enum(["keep", "rewrite"]), of: ({ sequenceNumbers }) => sequenceNumbers },
  sourceRoute: { values: z.enum(SOURCE_ROUTES), of: ({ sourceRoute }) => sourceRoute },
  hairpin: { values: z.boolean(), of: ({ hairpin }) => hairpin },
} as const satisfies Partial<Record<Axis, NamedAxis>>;
const axisNames = Object.keys(NAMED_AXES) as (keyof typeof NAMED_AXES)[];

const SIDES = ["na", "nb"] as const;

const CORE = {
  icmp: z.enum(["on", "off"]),
  sourceRoute: z.enum(["forward", "refuse"]),
  antiSpoofing: z.boolean(),
  delayMs: z.number(),
  lossPercent: z.number(),
  extraHops: z.number(),
} as const satisfies Record<keyof Cell["core"], z.ZodType<Scalar>>;

/**
 * Whether, by the clock, each side's SYN has opened its own NAT when the other's gets there; `close`: chance decides. A's leaves first
 * and is `core.delayMs` on its way, B's leaves `skewMs` later.
 */
const SYNS = z.enum(["cross", "apart", "close"]);
/** Less than that is within what a busy machine adds. */
const CLEARLY_MS = 30;

/** The schema of `when`; `gateway` is the name of a NAT, `kinds` are the words for NATs that it may use. */
export function condition<Name extends z.ZodType<string>>(gateway: Name, kinds: readonly string[] = []) {
  const shape: Record<string, z.ZodType<Scalar>> = {
    na: gateway,
    nb: gateway,
    ...prefixed(["na.", "nb.", ""], natKeys(kinds)),
    ...prefixed(["core."], CORE),
    carrier: z.enum(["none", "each", "shared"]),
    "carrier.a": gateway,
    "carrier.b": gateway,
    "carrier.shared": gateway,
    syns: SYNS,
  };
  return strict(listed(shape));
}

/** The schema of one NAT's axes: what a word for NATs means. */
export function natCondition() {
  return strict(listed(natKeys([])));
}

function natKeys(kinds: readonly string[]): Record<string, z.ZodType<Scalar>> {
  const values = Object.fromEntries(axisNames.map((axis) => [axis, NAMED_AXES[axis].values]));
  return kinds.length > 0 ? { ...values, kind: z.enum(kinds) } : values;
}

function prefixed<Value>(prefixes: readonly string[], shape: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(
    prefixes.flatMap((prefix) => Object.entries(shape).map(([key, value]) => [prefix + key, value])),
  );
}

function listed(shape: Readonly<Record<string, z.ZodType<Scalar>>>) {
  return Object.fromEntries(Object.entries(shape).map(([key, values]) => [key, oneOrMore(values).exactOptional()]));
}

/** What can be said of a cell, by key. */
export type Facts = ReadonlyMap<string, readonly Scalar[]>;

/** Whether everything that a condition says is a fact. */
export function fits(when: Condition, facts: Facts): boolean {
  return Object.entries(when).every(([key, values]) => {
    const any = Array.isArray(values) ? (values as readonly Scalar[]) : [values];
    return (facts.get(key) ?? []).some((fact) => any.includes(fact));
  });
}

/** Every fact of a cell that a condition may name; several values where either NAT's suffices, none where there is no such thing. */
export function factsOf({ technique, na, nb, core, carrier }: Surroundings, kinds: Kinds = {}): Facts {
  const gateways = { na, nb };
  const [ofA, ofB] = [natFacts(na, kinds), natFacts(nb, kinds)];
  return new Map<string, readonly Scalar[]>([
    ...SIDES.map((side) => [side, [gatewayName(gateways[side])]] as const),
    ...[...ofA].map(([key, values]) => [`na.${key}`, values] as const),
    ...[...ofB].map(([key, values]) => [`nb.${key}`, values] as const),
    ...[...axisNames, "kind"].map((key) => [key, [...(ofA.get(key) ?? []), ...(ofB.get(key) ?? [])]] as const),
    ...Object.entries(core).map(([field, value]) => [`core.${field}`, [value]] as const),
    ["carrier", [carrier?.kind ?? "none"]],
    ...(["a", "b", "shared"] as const).map((place) => [`carrier.${place}`, [carrierName(carrier, place)]] as const),
    ["syns", "skewMs" in technique ? [synsOf(core.delayMs - technique.skewMs)] : []],
  ]);
}

function natFacts(gateway: Gateway, kinds: Kinds): Facts {
  if (gateway.kind !== "nat") return new Map();
  const facts = new Map<string, readonly Scalar[]>(
    axisNames.map((axis) => [axis, [NAMED_AXES[axis].of(gateway.model)]]),
  );
  const called = Object.entries(kinds).filter(([, alternatives]) => alternatives.some((when) => fits(when, facts)));
  return facts.set(
    "kind",
    called.map(([kind]) => kind),
  );
}

function synsOf(openBeforeMs: number): z.output<typeof SYNS> {
  if (Math.abs(openBeforeMs) < CLEARLY_MS) return "close";
  return openBeforeMs > 0 ? "cross" : "apart";
}
