import { randomBytes } from "node:crypto";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import { connectEngine, preflight, requireImage } from "../engine/index.ts";
import { classify } from "../nat/classify.ts";
import { compareModel } from "../nat/compare.ts";
import { judgeConformance, type Conformance } from "../nat/conformance.ts";
import type { TimerBasis } from "../nat/conformance/requirement.ts";
import type { Classification } from "../nat/measured.ts";
import type { NatModel, Timeouts } from "../nat/model.ts";
import { PLAIN_SHAPE, type Side } from "../plan/shape.ts";
import { cleanWorld } from "../world/attempt.ts";
import { setCore } from "../world/core.ts";
import { loadLayer } from "../world/gateways.ts";
import { MEASURING_CORE, probe } from "../world/probe.ts";
import { openWorld, type World } from "../world/world.ts";

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

/** Measures NATs in a world of its own, two at a time, and tells of each as soon as it is done; in order. */
export async function* examineNats(
  nats: readonly DeclaredNat[],
  { timers, seed, signal }: { readonly timers: TimerPlan; readonly seed: number; readonly signal: AbortSignal },
): AsyncGenerator<Examination> {
  const engine = await connectEngine();
  const [image] = await Promise.all([requireImage(engine), preflight(engine)]);
  const runId = `nat-${randomBytes(3).toString("hex")}`;
  await using world = await openWorld({ engine, image, runId, world: "nats" }, PLAIN_SHAPE);
  const end = () => void world[Symbol.asyncDispose]();
  signal.addEventListener("abort", end, { once: true });
  for (let at = 0; at < nats.length && !signal.aborted; at += 2) {
    const both = nats
      .slice(at, at + 2)
      .map((nat, index) => ({ nat, side: index === 0 ? ("a" as const) : ("b" as const) }));
    yield* await examineAtOnce(world, both, { timers, seed });
  }
}

/** Measures one NAT per side at the same time: the sides share nothing but R and X. */
export async function examineAtOnce(
  world: World,
  nats: readonly { readonly nat: DeclaredNat; readonly side: Side }[],
  options: { readonly timers: TimerPlan; readonly seed: number },
): Promise<Examination[]> {
  await setCore(world, MEASURING_CORE);
  await cleanWorld(world);
  return Promise.all(nats.map(({ nat, side }) => examine(world, side, { ...nat, ...options })));
}

interface Examined extends DeclaredNat {
  readonly timers: TimerPlan;
  readonly seed: number;
}

/** A mismatch counts when it is seen twice: on a machine that is short of time an answer may be late once. */
async function examine(world: World, side: Side, examined: Examined): Promise<Examination> {
  const loaded = scaledModel(examined);
  const gateway = { kind: "nat", name: examined.name, model: loaded } as const;
  const measure = async (): Promise<Examination> => {
    await loadLayer(world, `n${side}`, gateway);
    const mode = examined.timers.kind === "full" ? "full" : "fast";
    return conclude(examined, loaded, await probe(world, side, { mode, seed: examined.seed }));
  };
  const first = await measure();
  return first.mismatches.length === 0 ? first : measure();
}

function conclude({ name, model, timers }: Examined, loaded: NatModel, seen: Fingerprint): Examination {
  const found = classify(seen);
  const basis: TimerBasis = timers.kind === "full" ? { kind: "measured" } : { ...timers, declared: model.timeouts };
  return {
    name,
    model,
    timers,
    seen,
    found,
    mismatches: compareModel(loaded, found),
    conformance: judgeConformance(seen, found, basis),
  };
}

/** The model with timeouts that the fast battery can wait for. */
function scaledModel({ model, timers }: Pick<Examined, "model" | "timers">): NatModel {
  if (timers.kind === "full") return model;
  const scaled = (timeout: Timeouts[keyof Timeouts]) =>
    timeout === "never" ? timeout : Math.max(1, Math.round(timeout / timers.scale));
  const { synSentS, establishedS, closingS } = model.timeouts;
  return {
    ...model,
    timeouts: { synSentS: scaled(synSentS), establishedS: scaled(establishedS), closingS: scaled(closingS) },
  };
}
