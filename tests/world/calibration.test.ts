import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { ALL_PORTS } from "../../orchestrator/nat/catalogue.ts";
import { OUT_OF_STATE, RESETS, type Gateway, type PortAllocation } from "../../orchestrator/nat/model.ts";
import { cleanWorld } from "../../orchestrator/world/attempt.ts";
import { calibrate, type Calibration } from "../../orchestrator/world/calibrate.ts";
import { setCore } from "../../orchestrator/world/core.ts";
import { loadGateway } from "../../orchestrator/world/gateways.ts";
import { MEASURING_CORE } from "../../orchestrator/world/probe.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { nat, ROUTER } from "../kit/cells.ts";
import { WorldPool } from "../kit/world-pool.ts";

const noEngine = inject("noEngine");
const WORLDS = 3;
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
    mismatch: /^ports: declared preserve, measured sequential \+1 /,
  },
  {
    title: "preserving as sequential",
    real: nat(),
    declared: nat({ ports: sequential(1) }),
    mismatch: /^ports: declared sequential \+1, measured preserve /,
  },
  {
    title: "random as preserving",
    real: nat({ ports: random }),
    declared: nat(),
    mismatch: /^ports: declared preserve, measured random /,
  },
  {
    title: "sequential as random",
    real: nat({ ports: sequential(1) }),
    declared: nat({ ports: random }),
    mismatch: /^ports: declared random, measured sequential \+1 /,
  },
  {
    title: "+3 as +1",
    real: nat({ ports: sequential(3) }),
    declared: nat({ ports: sequential(1) }),
    mismatch: /^ports: declared sequential \+1, measured sequential \+3 /,
  },
  {
    title: "-1 as +1",
    real: nat({ ports: sequential(-1) }),
    declared: nat({ ports: sequential(1) }),
    mismatch: /^ports: declared sequential \+1, measured sequential -1 /,
  },
  {
    title: "another range of ports",
    real: nat({ ports: sequential(1, 30_000) }),
    declared: nat({ ports: sequential(1) }),
    mismatch: /^ports: 300\d\d is none of 40000-40300 /,
  },
  {
    title: "endpoint-independent as address-and-port-dependent mapping",
    real: nat({ ports: random, mapping: "endpoint-independent" }),
    declared: nat({ ports: random }),
    mismatch: /^mapping: declared address-and-port-dependent, measured endpoint-independent /,
  },
  {
    title: "address-dependent as endpoint-independent mapping",
    real: nat({ ports: sequential(1), mapping: "address-dependent" }),
    declared: nat({ ports: sequential(1), mapping: "endpoint-independent" }),
    mismatch: /^mapping: declared endpoint-independent, measured address-dependent /,
  },
  {
    title: "an open as a closed filter",
    real: nat({ filtering: "endpoint-independent" }),
    declared: nat(),
    mismatch: /^filtering: declared address-and-port-dependent, measured endpoint-independent /,
  },
  {
    title: "a filter of addresses as one of ports",
    real: nat({ filtering: "address-dependent" }),
    declared: nat(),
    mismatch: /^filtering: declared address-and-port-dependent, measured address-dependent /,
  },
  {
    title: "resetting as dropping",
    real: nat({ unsolicitedSyn: "reset" }),
    declared: nat(),
    mismatch: /^unsolicitedSyn: declared drop, measured reset \(RST\)$/,
  },
  {
    title: "dropping as resetting",
    real: nat(),
    declared: nat({ unsolicitedSyn: "reset" }),
    mismatch: /^unsolicitedSyn: declared reset, measured silence \(silence for 1 s\)$/,
  },
  {
    title: "one ICMP error as another",
    real: nat({ unsolicitedSyn: "admin-prohibited" }),
    declared: nat({ unsolicitedSyn: "port-unreachable" }),
    mismatch: /^unsolicitedSyn: declared port-unreachable, measured admin-prohibited \(ICMP 3\/13 /,
  },
  {
    title: "another answer to the wrong peer",
    real: nat({ unsolicitedSyn: "drop", wrongPeerSyn: "reset" }),
    declared: nat({ unsolicitedSyn: "drop" }),
    mismatch: /^wrongPeerSyn: declared drop, measured reset /,
  },
  {
    title: "translating as dropping time-exceeded",
    real: nat(),
    declared: nat({ timeExceeded: "drop" }),
    mismatch: /^timeExceeded: declared drop, measured translate /,
  },
  {
    title: "dropping as translating time-exceeded",
    real: nat({ timeExceeded: "drop" }),
    declared: nat(),
    mismatch: /^timeExceeded: declared translate, measured drop /,
  },
  {
    title: "a mapping torn down by ICMP as one that stays",
    real: nat({ timeExceeded: "teardown" }),
    declared: nat(),
    mismatch: /^timeExceeded: declared translate, measured teardown /,
  },
  ...RESETS.map((real, index): Case => {
    const declared = RESETS[(index + 1) % RESETS.length]!;
    return {
      title: `a RST: ${real} as ${declared}`,
      real: nat({ reset: real }),
      declared: nat({ reset: declared }),
      mismatch: new RegExp(`^reset: declared ${declared}, measured ${real} `),
    };
  }),
  ...OUT_OF_STATE.map((real, index): Case => {
    const declared = OUT_OF_STATE[(index + 1) % OUT_OF_STATE.length]!;
    return {
      title: `a SYN+ACK outward: ${real} as ${declared}`,
      real: nat({ outOfState: real }),
      declared: nat({ outOfState: declared }),
      mismatch: new RegExp(`^outOfState: declared ${declared}, measured ${real} `),
    };
  }),
  {
    title: "a refused as an accepted crossing SYN",
    real: nat({ crossingSyn: "refuse" }),
    declared: nat(),
    mismatch: /^crossingSyn: declared accept, measured refuse /,
  },
  {
    title: "a liberal as a strict window",
    real: nat({ windowTracking: "liberal" }),
    declared: nat(),
    mismatch: /^windowTracking: declared strict, measured liberal /,
  },
  {
    title: "rewritten as kept sequence numbers",
    real: nat({ sequenceNumbers: "rewrite" }),
    declared: nat(),
    mismatch: /^sequenceNumbers: declared keep, measured rewrite /,
  },
  {
    title: "stock as refused source routes",
    real: nat({ sourceRoute: "stock" }),
    declared: nat(),
    mismatch: /^sourceRoute: declared refuse, measured stock /,
  },
  {
    title: "hairpin as none",
    real: nat({ hairpin: true }),
    declared: nat(),
    mismatch: /^hairpin: declared false, measured true /,
  },
  {
    title: "no hairpin as one",
    real: nat(),
    declared: nat({ hairpin: true }),
    mismatch: /^hairpin: declared true, measured false /,
  },
  {
    title: "a NAT as none",
    real: nat({ ports: sequential(1), unsolicitedSyn: "reset" }),
    declared: ROUTER,
    mismatch: /^no NAT expected, yet 10\.1\.0\.2:\d+ is seen as 192\.0\.2\.2:\d+$/,
  },
  {
    title: "none as a NAT",
    real: ROUTER,
    declared: nat({ unsolicitedSyn: "reset" }),
    mismatch: /^the mapping's address is 10\.1\.0\.2, not 192\.0\.2\.2$/,
  },
];

describe.skipIf(noEngine).concurrent("calibration", () => {
  let pool: WorldPool;

  beforeAll(async () => {
    pool = await WorldPool.open("calibration", WORLDS);
    await Promise.all(pool.worlds.map((world) => setCore(world, MEASURING_CORE)));
  });
  afterAll(() => pool?.[Symbol.asyncDispose]());

  const inWorld = (run: (world: World) => Promise<void>): Promise<void> =>
    pool.use(async (world) => {
      await cleanWorld(world);
      await run(world);
    });

  it.each([
    ["a preserving NAT", nat()],
    ["a sequential one that answers with RST", nat({ ports: sequential(3), unsolicitedSyn: "reset" })],
    ["one that counts down", nat({ ports: sequential(-1) })],
    ["a random one that drops ICMP errors", nat({ ports: random, timeExceeded: "drop" })],
    ["one with source routes as in a stock kernel", nat({ sourceRoute: "stock" })],
    ["a router", ROUTER],
  ])("confirms %s of both sides at once", (_, gateway) =>
    inWorld(async (world) => {
      await Promise.all([loadGateway(world, "a", gateway), loadGateway(world, "b", gateway)]);
      const both = await Promise.all([calibrate(world, "a", gateway), calibrate(world, "b", gateway)]);
      expect(both.map(({ mismatches }) => mismatches)).toEqual([[], []]);
    }),
  );

  it("confirms a sequential NAT whose range ends in the middle of the measurement", () =>
    inWorld(async (world) => {
      const ports: PortAllocation = { kind: "sequential", step: 1, range: { from: 40_000, to: 40_005 } };
      await loadGateway(world, "a", nat({ ports }));
      for (let round = 0; round < 3; round += 1) {
        await cleanWorld(world);
        expect((await calibrate(world, "a", nat({ ports }))).mismatches).toEqual([]);
      }
    }));

  it("looks again with new mappings: one that lives on would show the same outside port", () =>
    inWorld(async (world) => {
      const gateway = nat({ mapping: "endpoint-independent", ports: random });
      await loadGateway(world, "a", gateway);
      const first = await calibrate(world, "a", gateway);
      const last = await calibrate(world, "a", nat()); // never what it finds, so that it looks three times
      expect([first.mismatches, last.mismatches.length > 0]).toEqual([[], true]);
      const known = new Map(bindingsOf(first));
      const again = bindingsOf(last).filter(([local, outside]) => known.get(local) === outside);
      expect(bindingsOf(last).length).toBeGreaterThan(3);
      expect(again).toEqual([]);
    }));

  it.each(MISDECLARED)("catches $title", ({ real, declared, mismatch }) =>
    inWorld(async (world) => {
      await loadGateway(world, "a", real);
      const { mismatches } = await calibrate(world, "a", declared);
      expect(mismatches).toEqual(expect.arrayContaining([expect.stringMatching(mismatch)]));
    }),
  );
});

/** The local and the outside port of each binding that was measured. */
function bindingsOf({ observed: { bindings } }: Calibration): [local: number, outside: number | undefined][] {
  return bindings.ran ? bindings.made.map(({ local, outside }) => [local.port, outside?.port]) : [];
}
