import { drawAttempt, payloadSeed, type AttemptParameters } from "../../wire/attempt.ts";
import { unpackPackets } from "../../wire/capture.ts";
import type { CoreModel, NodeId, Traffic } from "../../wire/control.ts";
import { mostWords } from "../../wire/technique.ts";
import type { Capture, Evidence, Exchange } from "../evidence/types.ts";
import { ADDRESS } from "../plan/addresses.ts";
import { deadlineOf, transferWithinMs } from "../plan/deadline.ts";
import { SIDES, type ByGateway, type GatewayId, type Side } from "../plan/shape.ts";
import type { Cell } from "../scenario/cell.ts";
import { drainCore, setCore } from "./core.ts";
import type { World } from "./world.ts";

/** Both ways, while X is reachable. */
const PROOF_BYTES = 1 << 20;
/** Both ways, while X's link is cut. */
const AFTER_CUT_BYTES = 64 << 10;
const TRANSFER_WITHIN_MS = 10_000;
/** A relayed connection is dead once X is cut off; a direct one answers in milliseconds. */
const AFTER_CUT_WITHIN_MS = 1_000;
/** An agent that is busy receiving answers a little late. */
const ANSWER_MS = 5_000;

/** One attempt of a cell. Everything random about it follows from `seed`. */
export interface AttemptPlan {
  readonly session: string;
  readonly key: string;
  readonly a: AttemptParameters;
  readonly b: AttemptParameters;
  readonly exchangeSeeds: Readonly<Record<"a" | "b", string>>;
  readonly afterCutSeeds: Readonly<Record<"a" | "b", string>>;
}

/** Draws session, key, ports and nonces of a trial from its seed (I-7). */
export function planAttempt(cell: Pick<Cell, "technique" | "deadlineMs" | "core">, seed: string): AttemptPlan {
  const common = { technique: cell.technique, x: ADDRESS.x, deadlineMs: deadlineOf(cell) };
  const [a, b] = [drawAttempt(seed, "a"), drawAttempt(seed, "b")];
  const seeds = (purpose: "exchange" | "after-cut"): Record<"a" | "b", string> => ({
    a: payloadSeed(seed, purpose, "a"),
    b: payloadSeed(seed, purpose, "b"),
  });
  return {
    session: a.session,
    key: a.key,
    a: { ...common, ...a, role: "a" },
    b: { ...common, ...b, role: "b" },
    exchangeSeeds: seeds("exchange"),
    afterCutSeeds: seeds("after-cut"),
  };
}

/** Plays one attempt in a clean, calibrated world and collects its evidence, packets from `captureAt`. The world is dirty afterwards. */
export async function runAttempt(
  world: World,
  plan: AttemptPlan,
  { neighbours, core }: Pick<Cell, "neighbours" | "core">,
  captureAt: readonly NodeId[] = world.ids,
): Promise<Evidence> {
  await Promise.all(captureAt.map((id) => world.agent(id).call("capture-begin", {})));
  world.takeLogs();
  await setCore(world, core, plan.a.seed); // with this seed, and in this attempt's log
  const startedAtUs = Date.now() * 1000;
  const noisy = SIDES.filter((side) => neighbours?.[side]);
  await Promise.all(noisy.map((side) => beginNoise(world, side, { ...neighbours![side]!, seed: plan[side].seed })));
  const attempts = await attemptBoth(world, plan);
  const opened = await Promise.all(noisy.map((side) => endNoise(world, side)));
  const proof = attempts.a.ok && attempts.b.ok ? await exchangeAll(world, plan, core) : NOTHING_CONNECTED;
  const captures = await collectCaptures(world, captureAt);
  const events = await ofEachGateway(world, (at) => world.agent(at).call("conntrack-end", {}));
  const eventsLost = Object.values(events).some(({ lost }) => lost);
  const eventsBeyond = Object.values(events).reduce((sum, { beyond }) => sum + beyond, 0);
  return {
    session: plan.session,
    key: plan.key,
    startedAtUs,
    attempts,
    ...proof,
    events: recordsOf(events),
    ...(eventsBeyond > 0 && { eventsBeyond }),
    eventsLost,
    ...(!eventsLost && { entriesMade: madeOf(events) }),
    captures,
    logs: world.takeLogs(),
    ...(noisy.length > 0 ? { neighbourOpened: Object.fromEntries(opened) } : {}),
  };
}

async function beginNoise(world: World, side: Side, traffic: Traffic & { readonly seed: number }): Promise<void> {
  await world.agent(`${side}2`).call("noise-begin", { x: ADDRESS.x, ...traffic });
}

async function endNoise(world: World, side: Side): Promise<readonly [Side, number]> {
  const { opened } = await world.agent(`${side}2`).call("noise-end", {});
  return [side, opened];
}

/** Asks every gateway of the world at once. */
async function ofEachGateway<T>(world: World, ask: (at: GatewayId) => Promise<T>): Promise<ByGateway<T>> {
  const answers = await Promise.all(world.gateways.map(async (at) => [at, await ask(at)] as const));
  return Object.fromEntries(answers) as ByGateway<T>;
}

function recordsOf<T>(answers: ByGateway<{ readonly records: T }>): ByGateway<T> {
  return Object.fromEntries(Object.entries(answers).map(([at, { records }]) => [at, records])) as ByGateway<T>;
}

function madeOf(answers: ByGateway<{ readonly made: number }>): ByGateway<number> {
  return Object.fromEntries(Object.entries(answers).map(([at, { made }]) => [at, made])) as ByGateway<number>;
}

const NOTHING_CONNECTED: Pick<Evidence, "entries"> = { entries: { na: [], nb: [] } };

async function attemptBoth(world: World, { a, b }: AttemptPlan): Promise<Evidence["attempts"]> {
  const withinMs = (mostWords(a.technique) + 1) * Math.max(a.deadlineMs, TRANSFER_WITHIN_MS);
  const [resultA, resultB] = await Promise.all([
    world.agent("a").call("attempt", a, withinMs),
    world.agent("b").call("attempt", b, withinMs),
  ]);
  return { a: resultA, b: resultB };
}

/** 1 MiB both ways, the NATs' entries for it, then X cut off and data once more. */
async function exchangeAll(
  world: World,
  plan: AttemptPlan,
  core: CoreModel,
): Promise<Pick<Evidence, "exchange" | "afterCut" | "entries">> {
  const exchange = await exchangeBoth(world, {
    bytes: PROOF_BYTES,
    seeds: plan.exchangeSeeds,
    withinMs: transferWithinMs(TRANSFER_WITHIN_MS, PROOF_BYTES, core),
  });
  const entries = await ofEachGateway(world, (at) => world.agent(at).call("conntrack-dump", {}));
  await world.agent("r").call("x-link", { state: "cut" });
  const fromUs = (Date.now() + 1) * 1000; // the clock is cut to ms: rounded down it would lie before the cut
  const again = await exchangeBoth(world, {
    bytes: AFTER_CUT_BYTES,
    seeds: plan.afterCutSeeds,
    withinMs: transferWithinMs(AFTER_CUT_WITHIN_MS, AFTER_CUT_BYTES, core),
  });
  const toUs = Date.now() * 1000;
  await world.agent("r").call("x-link", { state: "up" });
  return { exchange, afterCut: { ...again, fromUs, toUs }, entries: recordsOf(entries) };
}

interface ExchangePlan {
  readonly bytes: number;
  readonly seeds: Readonly<Record<"a" | "b", string>>;
  readonly withinMs: number;
}

async function exchangeBoth(world: World, { bytes, seeds, withinMs }: ExchangePlan): Promise<Exchange> {
  const transfer = (side: "a" | "b") =>
    world.agent(side).call("transfer", { sendSeed: seeds[side], bytes, withinMs }, withinMs + ANSWER_MS);
  const [a, b] = await Promise.all([transfer("a"), transfer("b")]);
  return { bytes, seeds, results: { a, b } };
}

async function collectCaptures(world: World, at: readonly NodeId[]): Promise<Partial<Record<NodeId, Capture>>> {
  const collected = await Promise.all(
    at.map(async (id) => {
      const { packets, ...rest } = await world.agent(id).call("capture-end", {});
      return [id, { ...rest, packets: unpackPackets(Buffer.from(packets, "base64")) }] as const;
    }),
  );
  return Object.fromEntries(collected);
}

/** Ends every socket of the last attempt, then forgets every mapping: what the next cell finds is a fresh NAT. */
export async function cleanWorld(world: World): Promise<void> {
  const routers: readonly NodeId[] = ["r", ...world.gateways];
  const endpoints = world.ids.filter((id) => !routers.includes(id));
  await Promise.all(endpoints.map((id) => world.agent(id).call("reset", {})));
  await drainCore(world);
  await ofEachGateway(world, (at) => world.agent(at).call("conntrack-flush", {}));
}
