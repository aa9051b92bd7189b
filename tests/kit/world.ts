import { randomBytes } from "node:crypto";
import { connectEngine, requireImage } from "../../orchestrator/engine/index.ts";
import { layersOf, PLAIN_SHAPE, type WorldShape } from "../../orchestrator/plan/shape.ts";
import { Station } from "../../orchestrator/run/station.ts";
import type { Cell } from "../../orchestrator/scenario/cell.ts";
import type { Outcome } from "../../orchestrator/verdict/outcome.ts";
import { judge } from "../../orchestrator/verdict/judge.ts";
import { cleanWorld, planAttempt, runAttempt } from "../../orchestrator/world/attempt.ts";
import type { ContainerPlace } from "../../orchestrator/world/container.ts";
import { setCore } from "../../orchestrator/world/core.ts";
import { loadLayer } from "../../orchestrator/world/gateways.ts";
import { openWorld, type World } from "../../orchestrator/world/world.ts";
import type { Evidence } from "../../orchestrator/evidence/types.ts";

/** Label and name of every container that this test file makes. */
export const RUN_ID = `test-${randomBytes(3).toString("hex")}`;
/** The Node of natbed's image. */
export const NODE = "/opt/natbed/bin/node";

/** Where the containers of a world of this test file go. */
async function placeOf(world: string): Promise<ContainerPlace> {
  const engine = await connectEngine();
  return { engine, image: await requireImage(engine), runId: RUN_ID, world };
}

/** A world of its own for a test file. */
export async function openTestWorld(name: string, shape: Partial<WorldShape> = {}): Promise<World> {
  return openWorld(await placeOf(name), { ...PLAIN_SHAPE, ...shape });
}

/** A station of its own for a test file; its first world is called `${name}-1`. */
export async function openStation(name: string): Promise<Station> {
  const { engine, image, runId } = await placeOf(name);
  return new Station(name, (world) => ({ engine, image, runId, world }));
}

/** Plays one attempt of a cell in a world whose gateways are loaded afresh and not calibrated, and judges it. */
export async function playCell(
  world: World,
  cell: Cell,
  seed: string,
): Promise<{ evidence: Evidence; outcome: Outcome }> {
  await cleanWorld(world);
  await Promise.all(layersOf(cell).map(({ at, gateway }) => loadLayer(world, at, gateway)));
  await setCore(world, cell.core);
  const evidence = await runAttempt(world, planAttempt(cell, seed), cell);
  return { evidence, outcome: judge(cell, evidence) };
}
