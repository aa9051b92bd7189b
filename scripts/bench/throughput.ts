import { connectEngine, requireImage } from "../../orchestrator/engine/index.ts";
import { PLAIN_SHAPE, SIDES, layersOf } from "../../orchestrator/plan/shape.ts";
import type { Cell } from "../../orchestrator/scenario/cell.ts";
import { expandScenario, loadScenario } from "../../orchestrator/scenario/load.ts";
import { cleanWorld, planAttempt } from "../../orchestrator/world/attempt.ts";
import { setCore } from "../../orchestrator/world/core.ts";
import { loadLayer } from "../../orchestrator/world/gateways.ts";
import { openWorld, type World } from "../../orchestrator/world/world.ts";
import type { AttemptResult } from "../../wire/attempt.ts";
import { median, ratioText, type Row } from "./timing.ts";

const ROUNDS = 9;
const BYTES = 16 << 20;
const WITHIN_MS = 30_000;
/** A birthday finds nothing now and then; so often in a row one in a million does. */
const TRIES = 5;
const SCENARIO = new URL("../../scenarios/one-pair.yaml", import.meta.url).pathname;

/**
 * The sockets that techniques leave behind against a plain connection's, through the same two NATs. Each transfer is compared with a plain
 * one right before it, and of these ratios the median counts: what else the machine does meets both alike.
 */
export async function benchThroughput(): Promise<Row[]> {
  const engine = await connectEngine();
  const image = await requireImage(engine);
  const cells = expandScenario(await loadScenario(SCENARIO));
  const place = { engine, image, runId: `bench-${process.pid}`, world: "throughput" };
  await using world = await openWorld(place, PLAIN_SHAPE);
  const plain = cells.find(({ technique }) => technique.name === "connect");
  if (!plain) throw new Error(`${SCENARIO} has no plain connection`);
  for (const { at, gateway } of layersOf(plain)) await loadLayer(world, at, gateway);
  await setCore(world, plain.core);
  const contenders = [
    { name: "another plain connection (what is within this is noise)", cell: plain },
    ...cells.filter((cell) => cell !== plain).map((cell) => ({ name: `a connection by ${cell.block}`, cell })),
  ];
  const speeds: number[] = [];
  const ratios = contenders.map((): number[] => []);
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const [index, { name, cell }] of contenders.entries()) {
      const before = await bytesPerSecond(world, plain, `bench/${round}/before ${name}`);
      const after = await bytesPerSecond(world, cell, `bench/${round}/${name}`);
      speeds.push(before);
      ratios[index]?.push(after / before);
    }
  }
  return [
    ["a plain connection through two NATs", `${((median(speeds) * 8) / 1e6).toFixed(0)} Mbit/s each way (median)`],
    ...contenders.map(({ name }, index): Row => [name, ratioText(ratios[index] ?? [])]),
    ["all techniques' connections taken together", ratioText(ratios.slice(1).flat())],
  ];
}

/** Opens a connection as the cell says and has both sides send at once; the slower direction counts. */
async function bytesPerSecond(world: World, cell: Cell, seed: string): Promise<number> {
  await connect(world, cell, seed);
  world.takeLogs();
  const transfer = { bytes: BYTES, withinMs: WITHIN_MS };
  await Promise.all(
    SIDES.map((side) => world.agent(side).call("transfer", { sendSeed: seed + side, ...transfer }, WITHIN_MS + 1_000)),
  );
  const received = world.takeLogs().flatMap(({ what, detail }) => (what === "received" ? [detail as Received] : []));
  if (received.length !== 2 || received.some(({ bytes }) => bytes !== BYTES))
    throw new Error(`${cell.id} did not carry everything: ${JSON.stringify(received)}`);
  return (BYTES / Math.max(...received.map(({ ms }) => ms))) * 1000;
}

async function connect(world: World, cell: Cell, seed: string): Promise<void> {
  let failed: AttemptResult | undefined;
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    await cleanWorld(world);
    const plan = planAttempt(cell, `${seed}/${attempt}`);
    const results = await Promise.all(SIDES.map((side) => world.agent(side).call("attempt", plan[side], WITHIN_MS)));
    failed = results.find(({ ok }) => !ok);
    if (!failed) return;
  }
  throw new Error(`${cell.id} did not connect in ${TRIES} attempts: ${JSON.stringify(failed)}`);
}

interface Received {
  readonly bytes: number;
  readonly ms: number;
}
