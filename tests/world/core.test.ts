import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { cleanWorld } from "../../orchestrator/world/attempt.ts";
import { calibrateCore } from "../../orchestrator/world/calibrate-core.ts";
import { setCore } from "../../orchestrator/world/core.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { PLAIN_CORE, type CoreModel } from "../../wire/control.ts";
import { openTestWorld } from "../kit/world.ts";

const noEngine = inject("noEngine");
const core = (different: Partial<CoreModel>): CoreModel => ({ ...PLAIN_CORE, ...different });

const CORES: readonly Partial<CoreModel>[] = [
  {},
  { icmp: "off" },
  { sourceRoute: "forward" },
  { antiSpoofing: true },
  { delayMs: 5 },
  { delayMs: 50 },
  { lossPercent: 20 },
  { extraHops: 1 },
  { extraHops: 4 },
  { icmp: "off", sourceRoute: "forward", antiSpoofing: true, delayMs: 20, lossPercent: 5, extraHops: 8 },
];

interface Misdeclared {
  readonly real: Partial<CoreModel>;
  readonly declared: Partial<CoreModel>;
  readonly mismatch: RegExp;
}

const MISDECLARED: readonly Misdeclared[] = [
  {
    real: { icmp: "off" },
    declared: {},
    mismatch: /^time-exceeded towards na from: declared 203.0.113.1, measured nobody$/,
  },
  {
    real: {},
    declared: { icmp: "off" },
    mismatch: /^time-exceeded towards nb from: declared nobody, measured 203.0.113.1$/,
  },
  { real: { sourceRoute: "forward" }, declared: {}, mismatch: /^source routes: declared refuse, measured forward$/ },
  { real: {}, declared: { sourceRoute: "forward" }, mismatch: /^source routes: declared forward, measured refuse$/ },
  { real: { antiSpoofing: true }, declared: {}, mismatch: /^anti-spoofing: declared false, measured true$/ },
  { real: {}, declared: { antiSpoofing: true }, mismatch: /^anti-spoofing: declared true, measured false$/ },
  {
    real: { delayMs: 20 },
    declared: { delayMs: 10 },
    mismatch: /^delay from na to nb: declared 10 ms, measured 2\d\.\d ms$/,
  },
  { real: {}, declared: { delayMs: 5 }, mismatch: /^delay from x to na: declared 5 ms, measured \d\.\d ms$/ },
  {
    real: { lossPercent: 40 },
    declared: {},
    mismatch: /^loss from \w+ to \w+: declared none, \d+ of \d+ packets did not arrive$/,
  },
  { real: { extraHops: 2 }, declared: { extraHops: 1 }, mismatch: /^routers from na to nb: declared 3, measured 5$/ },
  {
    real: { extraHops: 1 },
    declared: { extraHops: 2 },
    mismatch:
      /^time-exceeded towards na from: declared 203.0.113.1 192.0.2.12 192.0.2.11, measured 203.0.113.1 192.0.2.11$/,
  },
];

describe.skipIf(noEngine)("calibration of the core", () => {
  let world: World;
  beforeAll(async () => {
    world = await openTestWorld("core");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());
  beforeEach(() => cleanWorld(world));

  it.each(CORES)("confirms %j", async (different) => {
    await setCore(world, core(different), 1);
    const { observed, mismatches } = await calibrateCore(world, core(different));
    expect(mismatches, JSON.stringify(observed)).toEqual([]);
  });

  it.each(MISDECLARED)("tells $real from $declared", async ({ real, declared, mismatch }) => {
    await setCore(world, core(real), 1);
    const { mismatches } = await calibrateCore(world, core(declared));
    expect(mismatches).toEqual(expect.arrayContaining([expect.stringMatching(mismatch)]));
  });
});

describe.skipIf(noEngine)("calibration of the core before carriers", () => {
  it.each([{ carriers: ["ca"] }, { carriers: ["c"] }] as const)(
    "measures from the carriers' links: $carriers",
    async (shape) => {
      await using world = await openTestWorld(`core-${shape.carriers.join("-")}`, shape);
      const model = core({ delayMs: 10, extraHops: 1, icmp: "on" });
      await setCore(world, model, 1);
      const { observed, mismatches } = await calibrateCore(world, model);
      expect(mismatches, JSON.stringify(observed)).toEqual([]);
      expect(Object.keys(observed.timeExceededFrom)).toContain(shape.carriers[0]);
    },
  );
});
