import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { layersOf } from "../../orchestrator/plan/shape.ts";
import { timelineOf } from "../../orchestrator/timeline/timeline.ts";
import { cleanWorld, planAttempt, runAttempt } from "../../orchestrator/world/attempt.ts";
import { loadLayer } from "../../orchestrator/world/gateways.ts";
import type { World } from "../../orchestrator/world/world.ts";
import type { Evidence } from "../../orchestrator/evidence/types.ts";
import { cellOf } from "../kit/cells.ts";
import { until } from "../kit/until.ts";
import { openTestWorld, playCell } from "../kit/world.ts";

const noEngine = inject("noEngine");
/** Between learning where the peer is and the first SYN: time for a change. */
const GAP_MS = 1_500;

const cellWith = (gapMs: number, timeExceeded: string) =>
  cellOf(
    `{ technique: simultaneous-open, deadlineMs: 9000, options: { gapMs: ${gapMs} }, na: [preserve], nb: [preserve], timeExceeded: [${timeExceeded}], expect: [{ verdict: direct }] }`,
  );

describe.skipIf(noEngine)("a trial's timeline", () => {
  let world: World;
  beforeAll(async () => {
    world = await openTestWorld("changes");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const changesIn = (evidence: Evidence) =>
    timelineOf(evidence, []).rows.flatMap((row) => (row.kind === "change" ? [{ node: row.node, ...row.change }] : []));
  const CUT_AND_RESTORED = [
    { node: "r", kind: "x-link", state: "cut" },
    { node: "r", kind: "x-link", state: "up", dropped: expect.any(Number) },
  ];

  it("has X's link cut and restored, and nothing of the rules that were loaded right before the attempt", async () => {
    for (let n = 1; n <= 5; n += 1) {
      // another policy than before, so that every time something is loaded
      const { evidence, outcome } = await playCell(world, cellWith(0, n % 2 ? "drop" : "translate"), `changes/${n}`);
      expect(outcome.verdict).toBe("direct");
      expect(changesIn(evidence)).toEqual(CUT_AND_RESTORED);
    }
  });

  it("is told of a load before whoever asked for it", async () => {
    for (const timeExceeded of ["translate", "drop"]) {
      world.takeLogs();
      const [na] = layersOf(cellWith(0, timeExceeded));
      await loadLayer(world, "na", na!.gateway);
      expect(world.agent("na").takeLogs()).toMatchObject([{ what: "rules" }]);
    }
  });

  it("has rules that a NAT loads in the middle of the attempt", async () => {
    const [before, after] = [cellWith(GAP_MS, "drop"), cellWith(GAP_MS, "translate")];
    await cleanWorld(world);
    for (const { at, gateway } of layersOf(before)) await loadLayer(world, at, gateway);
    const attempt = runAttempt(world, planAttempt(before, "changes/during"), before);
    await until(
      "A's connection to X is open",
      async () => (await world.agent("na").call("conntrack-dump", {})).records.length > 0 || undefined,
      { withinMs: 10_000 },
    );
    const [na] = layersOf(after);
    await loadLayer(world, "na", na!.gateway);
    const evidence = await attempt;
    const [load, ...others] = changesIn(evidence);
    expect(load).toMatchObject({ node: "na", kind: "rules" });
    expect(load).not.toMatchObject({ iptables: [], nft: [], settings: [] });
    expect(others).toEqual(CUT_AND_RESTORED);
  });
});
