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
export type Surroundings = Pick<Cell, "na" | "nb" | "core" | "carrier">;

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
/** Axes that a condition may name for the whole cell: where the NATs differ, either of them fits. */
const EITHER = ["unsolicitedSyn", "timeExceeded"] as const;

const CORE = {
  icmp: z.enum(["on", "off"]),
  sourceRoute: z.enum(["forward", "refuse"]),
  antiSpoofing: z.boolean(),
  delayMs: z.number(),
  lossPercent: z.number(),
  extraHops: z.number(),
} as const satisfies Record<keyof Cell["core"], z.ZodType<Scalar>>;

/** The schema of `when`; `gateway` is the name of a NAT. */
export function condition<Name extends z.ZodType<string>>(gateway: Name) {
  const shape: Record<string, z.ZodType<Scalar>> = {
    na: gateway,
    nb: gateway,
    ...Object.fromEntries(
      SIDES.flatMap((side) => axisNames.map((axis) => [`${side}.${axis}`, NAMED_AXES[axis].values])),
    ),
    ...Object.fromEntries(EITHER.map((axis) => [axis, NAMED_AXES[axis].values])),
    ...Object.fromEntries(Object.entries(CORE).map(([field, values]) => [`core.${field}`, values])),
    carrier: z.enum(["none", "each", "shared"]),
    "carrier.a": gateway,
    "carrier.b": gateway,
    "carrier.shared": gateway,
  };
  return strict(
    Object.fromEntries(Object.entries(shape).map(([key, values]) => [key, oneOrMore(values).exactOptional()])),
  );
}

/** Whether everything that a condition says holds for a cell. */
export function fits(when: Condition, cell: Surroundings): boolean {
  const facts = factsOf(cell);
  return Object.entries(when).every(([key, allowed]) => {
    const any = Array.isArray(allowed) ? (allowed as readonly Scalar[]) : [allowed];
    return (facts.get(key) ?? []).some((fact) => any.includes(fact));
  });
}

/** Every fact of a cell that a condition may name; several values where either suffices, none where there is no such thing. */
function factsOf({ na, nb, core, carrier }: Surroundings): Map<string, readonly Scalar[]> {
  const gateways = { na, nb };
  const axis = (gateway: Gateway, name: keyof typeof NAMED_AXES): Scalar[] =>
    gateway.kind === "nat" ? [NAMED_AXES[name].of(gateway.model)] : [];
  return new Map<string, readonly Scalar[]>([
    ...SIDES.map((side) => [side, [gatewayName(gateways[side])]] as const),
    ...SIDES.flatMap((side) => axisNames.map((name) => [`${side}.${name}`, axis(gateways[side], name)] as const)),
    ...EITHER.map((name) => [name, [...axis(na, name), ...axis(nb, name)]] as const),
    ...Object.entries(core).map(([field, value]) => [`core.${field}`, [value]] as const),
    ["carrier", [carrier?.kind ?? "none"]],
    ...(["a", "b", "shared"] as const).map((place) => [`carrier.${place}`, [carrierName(carrier, place)]] as const),
  ]);
}
