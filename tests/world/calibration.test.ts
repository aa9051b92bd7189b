import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { ALL_PORTS } from "../../orchestrator/nat/catalogue.ts";
import type { Gateway, PortAllocation } from "../../orchestrator/nat/model.ts";
import { cleanWorld } from "../../orchestrator/world/attempt.ts";
import { calibrate } from "../../orchestrator/world/calibrate.ts";
import { loadGateway } from "../../orchestrator/world/gateways.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { nat, ROUTER } from "../kit/cells.ts";
import { openTestWorld } from "../kit/world.ts";

const noEngine = inject("noEngine");
const sequential = (step: number, from = 40_000): PortAllocation => ({
  kind: "sequential",
  step,
  range: { from, to: from + 300 },
});
const random: PortAllocation = { kind: "random", range: ALL_PORTS };

interface Case {
  readonly title: string;
  readonly real: Gateway;
  readonly declared: Gateway;
  readonly mismatch: RegExp;
}

const MISDECLARED: readonly Case[] = [
  {
    title: "sequential as preserving",
    real: nat({ ports: sequential(1) }),
    declared: nat(),
    mismatch: /^ports .*declared preserve, measured sequential \+1$/,
  },
  {
    title: "preserving as sequential",
    real: nat(),
    declared: nat({ ports: sequential(1) }),
    mismatch: /^ports .*declared sequential \+1, measured (preserve|sequential)/,
  },
  {
    title: "random as preserving",
    real: nat({ ports: random }),
    declared: nat(),
    mismatch: /^ports .*declared preserve, measured random$/,
  },
  {
    title: "sequential as random",
    real: nat({ ports: sequential(1) }),
    declared: nat({ ports: random }),
    mismatch: /^ports .*declared random, measured sequential \+1$/,
  },
  {
    title: "+3 as +1",
    real: nat({ ports: sequential(3) }),
    declared: nat({ ports: sequential(1) }),
    mismatch: /^ports .*declared sequential \+1, measured sequential \+3$/,
  },
  {
    title: "-1 as +1",
    real: nat({ ports: sequential(-1) }),
    declared: nat({ ports: sequential(1) }),
    mismatch: /^ports .*declared sequential \+1, measured sequential -1$/,
  },
  {
    title: "another range of ports",
    real: nat({ ports: sequential(1, 30_000) }),
    declared: nat({ ports: sequential(1) }),
    mismatch: /^port 300\d\d is outside 40000-40300$/,
  },
  {
    title: "resetting as dropping",
    real: nat({ unsolicitedSyn: "reset" }),
    declared: nat(),
    mismatch: /^unsolicitedSyn: declared silence, measured reset$/,
  },
  {
    title: "dropping as resetting",
    real: nat(),
    declared: nat({ unsolicitedSyn: "reset" }),
    mismatch: /^unsolicitedSyn: declared reset, measured silence$/,
  },
  {
    title: "translating as dropping time-exceeded",
    real: nat(),
    declared: nat({ timeExceeded: "drop" }),
    mismatch: /^timeExceeded arrives at the host: declared false, measured true$/,
  },
  {
    title: "dropping as translating time-exceeded",
    real: nat({ timeExceeded: "drop" }),
    declared: nat(),
    mismatch: /^timeExceeded arrives at the host: declared true, measured false$/,
  },
  {
    title: "a NAT as none",
    real: nat({ ports: sequential(1), unsolicitedSyn: "reset" }),
    declared: ROUTER,
    mismatch: /^no NAT expected, yet 10\.1\.0\.2:\d+ appears as 192\.0\.2\.2:\d+$/,
  },
  {
    title: "none as a NAT",
    real: ROUTER,
    declared: nat({ unsolicitedSyn: "reset" }),
    mismatch: /^the mapping's address is 10\.1\.0\.2, not 192\.0\.2\.2$/,
  },
];

describe.skipIf(noEngine)("calibration", () => {
  let world: World;

  beforeAll(async () => {
    world = await openTestWorld("calibration");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());
  beforeEach(() => cleanWorld(world));

  it.each([
    nat(),
    nat({ ports: sequential(3), unsolicitedSyn: "reset" }),
    nat({ ports: sequential(-1) }),
    nat({ ports: random, timeExceeded: "drop" }),
    ROUTER,
  ])("confirms $model of both sides at once", async (gateway) => {
    await Promise.all([loadGateway(world, "a", gateway), loadGateway(world, "b", gateway)]);
    const both = await Promise.all([calibrate(world, "a", gateway), calibrate(world, "b", gateway)]);
    expect(both.map(({ mismatches }) => mismatches)).toEqual([[], []]);
  });

  it("confirms a sequential NAT whose range ends in the middle of the measurement", async () => {
    const ports: PortAllocation = { kind: "sequential", step: 1, range: { from: 40_000, to: 40_005 } };
    await loadGateway(world, "a", nat({ ports }));
    for (let round = 0; round < 3; round += 1) {
      await cleanWorld(world);
      expect((await calibrate(world, "a", nat({ ports }))).mismatches).toEqual([]);
    }
  });

  it.each(MISDECLARED)("catches $title", async ({ real, declared, mismatch }) => {
    await loadGateway(world, "a", real);
    const { mismatches } = await calibrate(world, "a", declared);
    expect(mismatches).toEqual(expect.arrayContaining([expect.stringMatching(mismatch)]));
  });
});
