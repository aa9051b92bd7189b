import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { layersOf } from "../../orchestrator/plan/shape.ts";
import type { Cell } from "../../orchestrator/scenario/cell.ts";
import { cleanWorld, planAttempt } from "../../orchestrator/world/attempt.ts";
import { loadLayer } from "../../orchestrator/world/gateways.ts";
import type { World } from "../../orchestrator/world/world.ts";
import type { AttemptResult } from "../../wire/attempt.ts";
import { cellOf } from "../kit/cells.ts";
import { until } from "../kit/until.ts";
import { openTestWorld } from "../kit/world.ts";

const noEngine = inject("noEngine");

const cellWith = (na: string, gapMs: number): Cell =>
  cellOf(
    `{ technique: simultaneous-open, options: { gapMs: ${gapMs} }, na: [${na}], nb: [preserve], expect: [{ verdict: direct }] }`,
  );
/** Between learning where the peer is and the first SYN. */
const GAP_MS = 3_000;
const DEADLINE_MS = 8_000;
const ANSWER_MS = 60_000;
const BYTES = 1 << 20;
const WHOLE = { receivedBytes: BYTES, error: undefined };

describe.skipIf(noEngine)("a NAT that reboots, all its mappings gone and its counters back at the start,", () => {
  let world: World;
  beforeAll(async () => {
    world = await openTestWorld("nat-reboot");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  async function reboot(cell: Cell): Promise<void> {
    const na = layersOf(cell).find(({ at }) => at === "na");
    if (!na) throw new Error("the cell has no NA");
    await loadLayer(world, "na", na.gateway);
    await world.agent("na").call("conntrack-flush", {});
  }

  /** Both hosts' parts of an attempt in a clean world. */
  async function begin(cell: Cell, seed: string): Promise<() => Promise<[AttemptResult, AttemptResult]>> {
    await cleanWorld(world);
    await Promise.all(layersOf(cell).map(({ at, gateway }) => loadLayer(world, at, gateway)));
    world.takeLogs();
    const plan = planAttempt(cell, seed);
    const ends = (["a", "b"] as const).map((side) =>
      world.agent(side).call("attempt", { ...plan[side], deadlineMs: DEADLINE_MS }, ANSWER_MS),
    );
    return async () => (await Promise.all(ends)) as [AttemptResult, AttemptResult];
  }

  async function untilIntroduced(): Promise<void> {
    const introduced = new Set<string>();
    const look = (): true | undefined => {
      for (const { node, what, detail } of world.takeLogs())
        if (what === "told" && (detail as { t: string }).t === "peer") introduced.add(node);
      return introduced.size === 2 || undefined;
    };
    await until("both hosts know where the other is", look, { withinMs: 30_000, seen: () => [...introduced] });
  }

  /** Sends as many bytes each way and returns how many arrived, and what went wrong. */
  async function exchange(withinMs = 10_000) {
    const transfers = (["a", "b"] as const).map((side) =>
      world.agent(side).call("transfer", { sendSeed: side, bytes: BYTES, withinMs }, withinMs + ANSWER_MS),
    );
    const received = await Promise.all(transfers);
    return received.map(({ receivedBytes, error }) => ({ receivedBytes, error }));
  }

  it("between prediction and punch changes nothing where it gives the same ports again", async () => {
    const cell = cellWith("preserve", GAP_MS);
    const results = await begin(cell, "reboot/1");
    await untilIntroduced();
    await reboot(cell);
    expect(await results()).toMatchObject([{ ok: true }, { ok: true }]);
    expect(await exchange()).toEqual([WHOLE, WHOLE]);
  });

  it("between prediction and punch is a typed failure on both sides where it does not", async () => {
    const cell = cellWith("sequential", GAP_MS);
    const results = await begin(cell, "reboot/2");
    await untilIntroduced();
    const since = performance.now();
    await reboot(cell);
    const typed = { ok: false, failure: expect.stringMatching(/^(deadline|peer-failed|rendezvous-lost)$/) };
    expect(await results()).toMatchObject([typed, typed]);
    expect(performance.now() - since).toBeLessThan(2 * DEADLINE_MS + 10_000);
  });

  it("under a connection in use does not disturb it where it gives the same ports again", async () => {
    const cell = cellWith("preserve", 0);
    const results = await begin(cell, "reboot/3");
    expect(await results()).toMatchObject([{ ok: true }, { ok: true }]);
    expect(await exchange()).toEqual([WHOLE, WHOLE]);
    await reboot(cell);
    expect(await exchange()).toEqual([WHOLE, WHOLE]);
  });

  it("under a connection in use breaks it where it does not: both sides end with an error, within their time", async () => {
    const cell = cellWith("sequential", 0);
    const results = await begin(cell, "reboot/4");
    expect(await results()).toMatchObject([{ ok: true }, { ok: true }]);
    expect(await exchange()).toEqual([WHOLE, WHOLE]);
    await reboot(cell);
    const since = performance.now();
    for (const { error, receivedBytes } of await exchange(3_000)) {
      expect(error).toBeDefined();
      expect(receivedBytes).toBeLessThan(BYTES);
    }
    expect(performance.now() - since).toBeLessThan(3_000 + 10_000);
  });
});
