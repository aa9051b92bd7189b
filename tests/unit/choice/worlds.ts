import { choose, type Plan } from "../../../agents/choice/choose.ts";
import { lacksFor, needsOf } from "../../../agents/choice/needs.ts";
import { traitsOf } from "../../../agents/choice/traits.ts";
import type { NatModel } from "../../../orchestrator/nat/model.ts";
import type { Cell } from "../../../orchestrator/scenario/cell.ts";
import { gatewayName } from "../../../orchestrator/scenario/naming.ts";
import { answerOf, type RuleTable } from "../../../orchestrator/scenario/rules.ts";
import { ipv4 } from "../../../wire/address.ts";
import type { HostRole } from "../../../wire/rendezvous.ts";
import type { TechniqueSpec, Traversal } from "../../../wire/technique.ts";
import { HOST_CAPABILITIES, OFFER_VERSION, type HostCapability, type Offer } from "../../../wire/traits.ts";
import { draws } from "../nat/arbitrary.ts";
import { observe } from "../nat/simulated.ts";

/** Two NATs and what is between them, as A and B have it. */
export type Place = Pick<Cell, "na" | "nb" | "core">;

/** Where a table's cells take place, each once, and each with the NATs in either order. */
export function placesOf(cells: readonly Cell[]): readonly Place[] {
  const places = cells
    .filter(({ technique, carrier }) => technique.name !== "public" && !carrier)
    .flatMap(({ na, nb, core }): Place[] => [
      { na, nb, core },
      { na: nb, nb: na, core },
    ]);
  return [...new Map(places.map((place) => [JSON.stringify(place), place])).values()];
}

/** `preserve~random.reset.te-drop {"icmp":"off"}` */
export function wordsOf({ na, nb, core }: Place): string {
  const plain = { delayMs: 0, lossPercent: 0, icmp: "on", sourceRoute: "refuse", antiSpoofing: false, extraHops: 0 };
  const special = Object.entries(core).filter(([field, value]) => plain[field as keyof typeof plain] !== value);
  const policies = [na, nb].map((gateway) => {
    const { unsolicitedSyn, timeExceeded } = modelOf(gateway);
    return `${gatewayName(gateway)} ${JSON.stringify(unsolicitedSyn)} ${timeExceeded}`;
  });
  return [...policies, ...special.map(([field, value]) => `${field} ${String(value)}`)].join(", ");
}

/** Whether the table says of a technique that it comes out direct there, more often than not; undefined: it says nothing. */
export function isDirect(table: RuleTable, { na, nb, core }: Place, technique: TechniqueSpec): boolean | undefined {
  const answer = answerOf(table, { na, nb, core, technique, deadlineMs: 60_000 });
  if (typeof answer === "string") return undefined;
  if (answer.rule.verdict !== "direct") return false;
  const { rate = 1 } = answer.rule;
  return (typeof rate === "number" ? rate : rate.from) > 0.5;
}

/** How many steps of a plan come before the first one that the table calls direct; undefined: none is. */
export function stepsBeforeDirect(table: RuleTable, place: Place, plan: Plan): number | undefined {
  const swapped = { na: place.nb, nb: place.na, core: place.core };
  const at = plan.findIndex(({ technique, a }) => isDirect(table, a === "a" ? place : swapped, technique));
  return at === -1 ? undefined : at;
}

/** Every technique in every variant that the table speaks of. */
export function variantsOf({ techniques }: RuleTable): readonly TechniqueSpec[] {
  const specs = techniques.flatMap(({ variants }) =>
    Object.entries(variants).flatMap(([name, options]) => combinations({ name: [name], ...options })),
  );
  return [...new Map(specs.map((spec) => [JSON.stringify(spec), spec as unknown as TechniqueSpec])).values()];
}

function combinations(options: Readonly<Record<string, readonly unknown[]>>): Record<string, unknown>[] {
  return Object.entries(options).reduce<Record<string, unknown>[]>(
    (specs, [option, values]) => specs.flatMap((spec) => values.map((value) => ({ ...spec, [option]: value }))),
    [{}],
  );
}

/** What hosts and X may do. */
export interface Means {
  readonly a: readonly HostCapability[];
  readonly b: readonly HostCapability[];
  readonly forges: boolean;
}

const ALL_MEANS: Means = { a: HOST_CAPABILITIES, b: HOST_CAPABILITIES, forges: true };

/** The plan of two hosts whose probers see their NATs as they are. */
export function planAt({ na, nb, core }: Place, { a, b, forges } = ALL_MEANS): Plan {
  return choose(offerOf(modelOf(na), core, "a", a), offerOf(modelOf(nb), core, "b", b), { forges });
}

/** Whether nobody lacks what a technique needs, `a` playing its a. */
export function isPossible(technique: Traversal, { a, b, forges }: Means): boolean {
  const lacking = [...lacksFor(technique, "a", a), ...lacksFor(technique, "b", b)];
  return lacking.length === 0 && (forges || !needsOf(technique).forging);
}

const OUTSIDE = { a: ipv4("192.0.2.2"), b: ipv4("198.51.100.2") } as const;

function offerOf(model: NatModel, core: Place["core"], role: HostRole, capabilities: readonly HostCapability[]): Offer {
  const seen = traitsOf(observe(model, draws(1)), OUTSIDE[role]);
  const ttlError = core.icmp === "on" && model.timeExceeded !== "drop";
  const routed = core.sourceRoute === "refuse" ? ({ sourceRoute: "refuse" } as const) : {};
  const nat = { ...seen, rttMs: 2 * core.delayMs, ttlError, ...routed };
  return { v: OFFER_VERSION, capabilities, nat };
}

function modelOf(gateway: Place["na"]): NatModel {
  if (gateway.kind === "nat") return gateway.model;
  throw new Error("a place without NATs needs no technique");
}
