import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { layersOf } from "../../orchestrator/plan/shape.ts";
import type { Cell } from "../../orchestrator/scenario/cell.ts";
import { cleanWorld, planAttempt } from "../../orchestrator/world/attempt.ts";
import { setCore } from "../../orchestrator/world/core.ts";
import { loadLayer } from "../../orchestrator/world/gateways.ts";
import type { World } from "../../orchestrator/world/world.ts";
import type { AttemptResult, TriedStep } from "../../wire/attempt.ts";
import { cellOf } from "../kit/cells.ts";
import { until } from "../kit/until.ts";
import { WorldPool } from "../kit/world-pool.ts";

const ANSWER_MS = 90_000;
const BYTES = 1 << 18;
const WHOLE = { receivedBytes: BYTES, error: undefined };

/** A long way: each phase of a step takes half a second and more. */
const SLOW: Cell = cellOf(
  "{ technique: auto, deadlineMs: 6000, core: { delayMs: 125 }, na: [sequential], nb: [sequential], expect: [{ verdict: direct }] }",
);

describe.skipIf(inject("noEngine")).concurrent("auto between two NATs, while its first step runs,", () => {
  let pool: WorldPool;
  beforeAll(async () => {
    pool = await WorldPool.open("plan-faults", 2);
  });
  afterAll(() => pool?.[Symbol.asyncDispose]());

  /** Both hosts' parts of an attempt in a clean world, which has come to A's log of `what` behind the beginning of the first step. */
  async function comeTo(world: World, what: string, seed: string): Promise<() => Promise<readonly AttemptResult[]>> {
    await cleanWorld(world);
    await Promise.all(layersOf(SLOW).map(({ at, gateway }) => loadLayer(world, at, gateway)));
    await setCore(world, SLOW.core);
    world.takeLogs();
    const plan = planAttempt(SLOW, seed);
    const ends = (["a", "b"] as const).map((side) => world.agent(side).call("attempt", plan[side], ANSWER_MS));
    const said: string[] = [];
    const look = (): true | undefined => {
      for (const log of world.takeLogs()) if (log.node === "a") said.push(log.what);
      return said.lastIndexOf(what) > said.indexOf("step") && said.includes("step") ? true : undefined;
    };
    await until(`A logs ${what} in its first step`, look, { withinMs: 60_000, seen: () => said });
    return () => Promise.all(ends);
  }

  /** Both have one connection, after a step that failed on at least one side. */
  async function wentOn(world: World, results: readonly AttemptResult[]): Promise<void> {
    const tried = results.map(({ tried: steps = [] }) => steps.map(stepText));
    expect(
      results.map(({ ok }) => ok),
      JSON.stringify([results, tried]),
    ).toEqual([true, true]);
    const [a = [], b = []] = tried;
    expect([a[0], b[0]].some((first) => first !== undefined && !first.endsWith(": ok"))).toBe(true);
    for (const steps of [a, b]) {
      expect(steps.length).toBeGreaterThan(1);
      expect(steps.at(-1)).toMatch(/^(?!relay).*: ok$/);
    }
    const transfers = (["a", "b"] as const).map((side) =>
      world.agent(side).call("transfer", { sendSeed: side, bytes: BYTES, withinMs: 20_000 }, ANSWER_MS),
    );
    const received = await Promise.all(transfers);
    expect(received.map(({ receivedBytes, error }) => ({ receivedBytes, error }))).toEqual([WHOLE, WHOLE]);
  }

  const stepText = ({ technique, failure }: TriedStep): string => `${technique.name}: ${failure ?? "ok"}`;

  it(
    "outlives a NAT's reboot between prediction and punch: another step of its plan is direct",
    { timeout: 150_000 },
    () =>
      pool.use(async (world) => {
        const results = await comeTo(world, "predicted", "plan/reboot");
        await world.agent("na").call("conntrack-flush", {});
        await Promise.all(
          layersOf(SLOW)
            .filter(({ at }) => at === "na")
            .map(({ at, gateway }) => loadLayer(world, at, gateway)),
        );
        await wentOn(world, await results());
      }),
  );

  it("outlives a restart of X: another step of its plan is direct", { timeout: 150_000 }, () =>
    pool.use(async (world) => {
      const results = await comeTo(world, "predicted", "plan/restart");
      await world.agent("x").call("reset", {});
      await wentOn(world, await results());
    }),
  );
});
