import { randomBytes } from "node:crypto";
import { connectEngine, preflight, requireImage } from "../engine/index.ts";
import {
  concludeExamination,
  scaledModel,
  type DeclaredNat,
  type Examination,
  type Examined,
  type TimerPlan,
} from "../nat/examination.ts";
import { PLAIN_SHAPE, type Side } from "../plan/shape.ts";
import { cleanWorld } from "../world/attempt.ts";
import { setCore } from "../world/core.ts";
import { loadLayer } from "../world/gateways.ts";
import { MEASURING_CORE, probe } from "../world/probe.ts";
import { openWorld, type World } from "../world/world.ts";

export interface ExamineOptions {
  readonly timers: TimerPlan;
  /** Seeds whatever the prober draws. */
  readonly seed: number;
}

/** Measures NATs in a world of its own, two at a time, and tells of each as soon as it is done; in order. */
export async function* examineNats(
  nats: readonly DeclaredNat[],
  { timers, seed, signal }: ExamineOptions & { readonly signal: AbortSignal },
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
  options: ExamineOptions,
): Promise<Examination[]> {
  await setCore(world, MEASURING_CORE);
  await cleanWorld(world);
  return Promise.all(nats.map(({ nat, side }) => examine(world, side, { ...nat, ...options })));
}

/** A mismatch counts when it is seen twice: on a machine that is short of time an answer may be late once. */
async function examine(world: World, side: Side, examined: Examined & ExamineOptions): Promise<Examination> {
  const loaded = scaledModel(examined);
  const gateway = { kind: "nat", name: examined.name, model: loaded } as const;
  const measure = async (): Promise<Examination> => {
    await loadLayer(world, `n${side}`, gateway);
    const mode = examined.timers.kind === "full" ? "full" : "fast";
    return concludeExamination(examined, await probe(world, side, { mode, seed: examined.seed }));
  };
  const first = await measure();
  return first.mismatches.length === 0 ? first : measure();
}
