import type { Fingerprint } from "../../wire/fingerprint.ts";
import { classify } from "./classify.ts";
import { compareModel } from "./compare.ts";
import { judgeConformance, type Conformance } from "./conformance.ts";
import type { TimerBasis } from "./conformance/requirement.ts";
import type { Classification } from "./measured.ts";
import type { NatModel, Timeouts } from "./model.ts";

/** How a NAT's timers are measured: with its timeouts divided by so much, or waited for (hours). */
export type TimerPlan = { readonly kind: "scaled"; readonly scale: number } | { readonly kind: "full" };

/** Minutes become seconds. */
export const FAST_TIMERS: TimerPlan = { kind: "scaled", scale: 60 };

export interface DeclaredNat {
  readonly name: string;
  readonly model: NatModel;
}

/** A NAT as it was measured by the whole battery, against what its model declares. */
export interface Examination extends DeclaredNat {
  readonly timers: TimerPlan;
  readonly seen: Fingerprint;
  readonly found: Classification;
  /** One sentence per axis that is not as declared; empty when the NAT is what it says. */
  readonly mismatches: readonly string[];
  readonly conformance: readonly Conformance[];
}

/** A NAT and how its timers are measured. */
export interface Examined extends DeclaredNat {
  readonly timers: TimerPlan;
}

/** What the fingerprint of a NAT that was loaded as `scaledModel` says of the NAT. */
export function concludeExamination({ name, model, timers }: Examined, seen: Fingerprint): Examination {
  const found = classify(seen);
  const basis: TimerBasis = timers.kind === "full" ? { kind: "measured" } : { ...timers, declared: model.timeouts };
  return {
    name,
    model,
    timers,
    seen,
    found,
    mismatches: compareModel(scaledModel({ model, timers }), found),
    conformance: judgeConformance(seen, found, basis),
  };
}

/** The model with timeouts that the fast battery can wait for. */
export function scaledModel({ model, timers }: Omit<Examined, "name">): NatModel {
  if (timers.kind === "full") return model;
  const scaled = (timeout: Timeouts[keyof Timeouts]) =>
    timeout === "never" ? timeout : Math.max(1, Math.round(timeout / timers.scale));
  const { synSentS, establishedS, closingS } = model.timeouts;
  return {
    ...model,
    timeouts: { synSentS: scaled(synSentS), establishedS: scaled(establishedS), closingS: scaled(closingS) },
  };
}
