import type { Traversal } from "../../wire/technique.ts";
import type { HostRole } from "../../wire/rendezvous.ts";
import type { Offer } from "../../wire/traits.ts";
import { lacksFor, needsOf } from "./needs.ts";
import { RELAY, RULES, type Rule } from "./rules.ts";

/** One attempt of a plan. */
export interface Step {
  readonly technique: Traversal;
  /** Which of the two hosts plays the technique's a. */
  readonly a: HostRole;
  readonly reason: string;
}

export type Plan = readonly [...Step[], Step];

/** How sure a rule is of a pair of NATs: all that it wants holds, or something of it is not known. */
type Grade = "sure" | "open";

/**
 * What two hosts try, in this order: first what must work by all that was measured, then what may work as far as something was not, then the
 * relay. Both hosts compute the same from the same two offers. A technique that somebody lacks a capability for is no step.
 */
export function choose(a: Offer, b: Offer, x: { readonly forges: boolean }): Plan {
  const graded = RULES.flatMap((rule) => castings(rule, { a, b }, x.forges));
  const ofGrade = (wanted: Grade): Step[] => graded.flatMap(({ grade, step }) => (grade === wanted ? [step] : []));
  const relay: Step = { technique: RELAY.technique, a: "a", reason: RELAY.because };
  return [...ofGrade("sure"), ...ofGrade("open"), relay];
}

/** The plan of two hosts that want one technique and no other, or what keeps it from being played. */
export function castOnly(technique: Traversal, a: Offer, b: Offer, x: { readonly forges: boolean }): Plan | string {
  if (needsOf(technique).forging && !x.forges) return `X cannot forge packets, which ${technique.name} needs`;
  const lacking = (first: Offer, second: Offer): readonly string[] => [
    ...lacksFor(technique, "a", first.capabilities),
    ...lacksFor(technique, "b", second.capabilities),
  ];
  const reason = "it was asked for";
  if (lacking(a, b).length === 0) return [{ technique, a: "a", reason }];
  if (lacking(b, a).length === 0) return [{ technique, a: "b", reason }];
  return `one of the hosts lacks a capability that ${technique.name} needs: ${[...new Set(lacking(a, b))].join(", ")}`;
}

type Offers = Readonly<Record<HostRole, Offer>>;

/** Whom a rule casts as its a: one host where it is sure of that, both in turn where it cannot know which is right. */
function castings(rule: Rule, offers: Offers, forges: boolean): readonly { grade: Grade; step: Step }[] {
  const casts = rule.symmetric ? (["a"] as const) : (["a", "b"] as const);
  const found = casts.flatMap((a) => {
    const grade = gradeOf(rule, offers, { a, forges });
    const cast = a === "a" || rule.symmetric ? "" : "; the second host plays A";
    return grade ? [{ grade, step: { technique: rule.technique, a, reason: `${rule.because}${cast}` } }] : [];
  });
  const sure = found.filter(({ grade }) => grade === "sure");
  if (sure.length > 0) return sure.slice(0, 1);
  return rule.again ? [] : found;
}

function gradeOf(
  { technique, wants }: Rule,
  offers: Offers,
  { a, forges }: { readonly a: HostRole; readonly forges: boolean },
): Grade | undefined {
  const [playsA, playsB] = a === "a" ? [offers.a, offers.b] : [offers.b, offers.a];
  const lacking = [...lacksFor(technique, "a", playsA.capabilities), ...lacksFor(technique, "b", playsB.capabilities)];
  if (lacking.length > 0 || (needsOf(technique).forging && !forges)) return undefined;
  const truths = wants(playsA.nat ?? {}, playsB.nat ?? {});
  if (truths.includes(false)) return undefined;
  return truths.includes(undefined) ? "open" : "sure";
}
