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
import { PLAIN_SHAPE, SIDES, type Side } from "../plan/shape.ts";
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

/** The battery waits, for timers above all, more than it works. */
const WORLDS = 3;
const PER_WORLD = 2;

/** Measures NATs in worlds of their own, some at a time, and tells of those as soon as they are done; in order. */
export async function* examineNats(
  nats: readonly DeclaredNat[],
  { timers, seed, signal }: ExamineOptions & { readonly signal: AbortSignal },
): AsyncGenerator<Examination> {
  const engine = await connectEngine();
  const [image] = await Promise.all([requireImage(engine), preflight(engine)]);
  const runId = `nat-${randomBytes(3).toString("hex")}`;
  const names = Array.from({ length: Math.min(WORLDS, Math.ceil(nats.length / PER_WORLD)) }, (_, at) => `nats-${at}`);
  await using stack = new AsyncDisposableStack();
  const opening = names.map(async (world) => stack.use(await openWorld({ engine, image, runId, world }, PLAIN_SHAPE)));
  await Promise.allSettled(opening); // one that fails must not leave another behind
  const worlds = await Promise.all(opening);
  const end = () => worlds.forEach((world) => void world[Symbol.asyncDispose]());
  signal.addEventListener("abort", end, { once: true });
  const atOnce = worlds.length * PER_WORLD;
  for (let at = 0; at < nats.length && !signal.aborted; at += atOnce)
    yield* await examineAtOnce(worlds, nats.slice(at, at + atOnce), { timers, seed });
}

/** Measures at most two NATs per world at the same time: the sides of a world share nothing but R and X. */
export async function examineAtOnce(
  worlds: readonly World[],
  nats: readonly DeclaredNat[],
  options: ExamineOptions,
): Promise<Examination[]> {
  await Promise.all(worlds.map((world) => setCore(world, MEASURING_CORE).then(() => cleanWorld(world))));
  return Promise.all(
    nats.map((nat, at) => examine(worlds[Math.floor(at / PER_WORLD)]!, SIDES[at % PER_WORLD]!, { ...nat, ...options })),
  );
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
