import { connectEngine, requireImage } from "../../orchestrator/engine/index.ts";
import { PLAIN_SHAPE, layersOf } from "../../orchestrator/plan/shape.ts";
import type { Cell } from "../../orchestrator/scenario/cell.ts";
import { expandScenario, loadScenario } from "../../orchestrator/scenario/load.ts";
import { cleanWorld, planAttempt } from "../../orchestrator/world/attempt.ts";
import { setCore } from "../../orchestrator/world/core.ts";
import { loadLayer } from "../../orchestrator/world/gateways.ts";
import { openWorld, type World } from "../../orchestrator/world/world.ts";
import { median, ratioText, type Row } from "./timing.ts";

const ROUNDS = 7;
const BYTES = 24 << 20;
const WITHIN_MS = 30_000;
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
  ];
}

/** Opens a connection as the cell says and has both sides send at once; the slower direction counts. */
async function bytesPerSecond(world: World, cell: Cell, seed: string): Promise<number> {
  await cleanWorld(world);
  const plan = planAttempt(cell, seed);
  const sides = ["a", "b"] as const;
  const attempts = await Promise.all(sides.map((side) => world.agent(side).call("attempt", plan[side], WITHIN_MS)));
  const failed = attempts.find(({ ok }) => !ok);
  if (failed) throw new Error(`${cell.id} did not connect: ${JSON.stringify(failed)}`);
  world.takeLogs();
  const transfer = { bytes: BYTES, withinMs: WITHIN_MS };
  await Promise.all(
    sides.map((side) => world.agent(side).call("transfer", { sendSeed: seed + side, ...transfer }, WITHIN_MS + 1_000)),
  );
  const received = world.takeLogs().flatMap(({ what, detail }) => (what === "received" ? [detail as Received] : []));
  if (received.length !== 2 || received.some(({ bytes }) => bytes !== BYTES))
    throw new Error(`${cell.id} did not carry everything: ${JSON.stringify(received)}`);
  return (BYTES / Math.max(...received.map(({ ms }) => ms))) * 1000;
}

interface Received {
  readonly bytes: number;
  readonly ms: number;
}
