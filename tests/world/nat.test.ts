import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { ALL_PORTS } from "../../orchestrator/nat/catalogue.ts";
import type { NatModel } from "../../orchestrator/nat/model.ts";
import { ADDRESS } from "../../orchestrator/plan/addresses.ts";
import { cleanWorld } from "../../orchestrator/world/attempt.ts";
import { loadGateway, type LoadedRules } from "../../orchestrator/world/gateways.ts";
import { probe } from "../../orchestrator/world/probe.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { nat } from "../kit/cells.ts";
import { dial, packetsOf } from "../kit/dial.ts";
import { openMany } from "../kit/mappings.ts";
import { openTestWorld } from "../kit/world.ts";

const noEngine = inject("noEngine");
const COUNT = 60;
const NA = ADDRESS.naOutside;

describe.skipIf(noEngine)("a NAT on the real kernel", () => {
  let world: World;
  let firstPort = 12_000;

  beforeAll(async () => {
    world = await openTestWorld("nat");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());
  beforeEach(() => cleanWorld(world));

  const load = (model: Partial<NatModel>): Promise<LoadedRules> => loadGateway(world, "a", nat(model));

  /** Outside ports of 60 connections in a row, each from a local port of its own that was never used before. */
  async function outsidePorts(): Promise<{ local: number[]; outside: number[] }> {
    const local = Array.from({ length: COUNT }, (_, index) => firstPort + index);
    firstPort += COUNT;
    const seen = await openMany(world.agent("a"), { firstPort: local[0]!, count: COUNT });
    expect(new Set(seen.map(({ ip }) => ip))).toEqual(new Set([NA]));
    return { local, outside: seen.map((endpoint) => endpoint.port) };
  }

  it("that preserves keeps the port of each of 60 connections", async () => {
    await load({ ports: { kind: "preserve" } });
    const { local, outside } = await outsidePorts();
    expect(outside).toEqual(local);
  });

  it.each([
    { step: 1, range: { from: 40_000, to: 40_511 }, start: 40_000 },
    { step: 3, range: { from: 40_000, to: 40_300 }, start: 40_000 },
    { step: -1, range: { from: 40_000, to: 40_511 }, start: 40_511 },
  ])(
    "that is sequential by $step gives every port of its sequence in order, 60 times",
    async ({ step, range, start }) => {
      await load({ ports: { kind: "sequential", step, range } });
      const { outside } = await outsidePorts();
      expect(outside).toEqual(Array.from({ length: COUNT }, (_, index) => start + index * step));
    },
  );

  it("that is sequential starts over at the first port after the last", async () => {
    await load({ ports: { kind: "sequential", step: 1, range: { from: 40_000, to: 40_099 } } });
    const first = await outsidePorts();
    await cleanWorld(world); // forgets the mappings, not the place in the sequence
    const second = await outsidePorts();
    const expected = Array.from({ length: 2 * COUNT }, (_, index) => 40_000 + (index % 100));
    expect([...first.outside, ...second.outside]).toEqual(expected);
  });

  it("that is random keeps no port, gives none twice, and draws from the whole range", async () => {
    await load({ ports: { kind: "random", range: ALL_PORTS } });
    const { local, outside } = await outsidePorts();
    expect(new Set(outside).size).toBe(COUNT);
    // chances of a fair draw to fail these: below 1e-8 each
    expect(outside.filter((one, index) => one === local[index]).length).toBeLessThan(4);
    expect(Math.min(...outside)).toBeLessThan(20_000);
    expect(Math.max(...outside)).toBeGreaterThan(46_000);
    const rises = outside.slice(1).filter((one, index) => one > outside[index]!).length;
    expect(rises).toBeGreaterThan(8);
    expect(rises).toBeLessThan(COUNT - 9);
  });

  it("that is random in a range stays in it", async () => {
    await load({ ports: { kind: "random", range: { from: 32_768, to: 33_023 } } });
    const { outside } = await outsidePorts();
    expect(outside.filter((one) => one < 32_768 || one > 33_023)).toEqual([]);
    expect(new Set(outside).size).toBe(COUNT);
  });

  describe.each([
    { unsolicitedSyn: "drop", answer: "timeout", resets: 0 },
    { unsolicitedSyn: "reset", answer: "ECONNREFUSED", resets: 1 },
  ] as const)("whose policy for unsolicited SYNs is $unsolicitedSyn", ({ unsolicitedSyn, answer, resets }) => {
    beforeEach(() => load({ unsolicitedSyn }));

    it(`answers X's SYN to a closed port with ${answer}`, async () => {
      expect(await askFromX(700)).toEqual({ answer, resets });
    });

    async function askFromX(outsidePort: number): Promise<{ answer: string; resets: number }> {
      await world.agent("na").call("capture-begin", {});
      const given = await dial(world.agent("x"), NA, outsidePort);
      const left = (await packetsOf(world.agent("na"))).filter(
        ({ iface, direction, tcp }) => iface === "out" && direction === "out" && tcp?.srcPort === outsidePort,
      );
      return { answer: given, resets: left.length };
    }
  });

  it.each([
    { timeExceeded: "translate", arrives: true },
    { timeExceeded: "drop", arrives: false },
  ] as const)(
    "whose policy for time-exceeded is $timeExceeded: the router's error reaches it, and the host: $arrives",
    async ({ timeExceeded, arrives }) => {
      await load({ timeExceeded });
      await world.agent("na").call("capture-begin", {});
      const { afterSyn } = await probe(world, "a", { mode: "quick", seed: 1 });
      expect(afterSyn.ran && afterSyn.probes.find(({ stimulus }) => stimulus === "time-exceeded")).toMatchObject({
        stimulusArrived: arrives,
      });
      const errors = (await packetsOf(world.agent("na"))).filter(({ icmp }) => icmp === "time-exceeded");
      expect(errors.some(({ iface, direction }) => iface === "out" && direction === "in")).toBe(true);
      expect(errors.some(({ iface, direction }) => iface === "in" && direction === "out")).toBe(arrives);
    },
  );

  it("gives two connections from one port to two ports of X the same outside port only where it preserves", async () => {
    for (const [ports, same] of [
      [{ kind: "preserve" }, true],
      [{ kind: "random", range: ALL_PORTS }, false],
    ] as const) {
      await cleanWorld(world);
      await load({ ports });
      const { bindings } = await probe(world, "a", { mode: "quick", seed: 1 });
      const made = bindings.ran ? bindings.made : [];
      const [first, second] = made.filter(({ local, x }, _, all) =>
        all.some((other) => other.local.port === local.port && other.x.port !== x.port),
      );
      expect(first?.local).toEqual(second?.local);
      expect([first?.outside, second?.outside]).not.toContain(undefined);
      expect(first?.outside?.port === second?.outside?.port, ports.kind).toBe(same);
    }
  });

  it("is what the kernel gives back: the rules that were sent, translated and with a MASQUERADE", async () => {
    const { sent, readBack } = await load({
      ports: { kind: "sequential", step: 1, range: { from: 40_000, to: 40_003 } },
    });
    expect(sent.split("\n").filter((line) => line.includes("--to-ports"))).toHaveLength(4);
    const rules = readBack.split("\n").filter((line) => line.includes("-j MASQUERADE --to-ports"));
    expect(rules.map((rule) => /--to-ports (\d+)/.exec(rule)?.[1])).toEqual(["40000", "40001", "40002", "40003"]);
  });
});
