import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEPENDENCIES, type Dependency, type PortAllocation, type PortRange } from "../../../orchestrator/nat/model.ts";
import { portSequence } from "../../../orchestrator/nat/sequence.ts";
import { INSIDE, NatBench, type Model } from "./bench.ts";
import { missingForKernelTests } from "./namespace.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: allocation on the real kernel (${missing})`);

const sequential = (step: number, from: number, to: number): Extract<PortAllocation, { kind: "sequential" }> => ({
  kind: "sequential",
  step,
  range: { from, to },
});
const random = (from: number, to: number): Extract<PortAllocation, { kind: "random" }> => ({
  kind: "random",
  range: { from, to },
});
/** Two ports each of two peers. */
const FOUR_PEERS = [
  { peer: 0, port: 0 },
  { peer: 0, port: 1 },
  { peer: 1, port: 0 },
  { peer: 1, port: 1 },
] as const;

describe.skipIf(missing)("outside ports", () => {
  let bench: NatBench;
  let unused = 10_000;
  beforeAll(async () => {
    bench = await NatBench.open();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  /** Local ports that no connection had before. */
  const fresh = (count: number): number[] => Array.from({ length: count }, () => unused++);

  /** Outside ports of connections to one peer, one after the other, each from a local port of its own. */
  async function successive(count: number, { withinMs = 8_000 } = {}): Promise<(number | string)[]> {
    return bench.dial(
      fresh(count).map((port) => ({ from: { port } })),
      { brief: true, withinMs },
    );
  }

  /** Outside ports under which one local port is seen by four peers. */
  async function fourPeers(port: number): Promise<(number | string)[]> {
    return bench.dial(FOUR_PEERS.map((to) => ({ from: { port }, to })));
  }

  describe.each<[string, PortAllocation, number | undefined]>([
    ["preserving", { kind: "preserve" }, undefined],
    ["sequential", sequential(-3, 40_000, 40_300), 40_300],
    ["random (drawn by the kernel)", random(20_000, 60_000), undefined],
    ["random (from a list)", random(50_000, 50_099), undefined],
  ])("of a %s NAT", (_, ports, first) => {
    it.each(DEPENDENCIES)("depend on nothing but what makes a mapping %s", async (mapping) => {
      await bench.become({ ports, mapping });
      const [local] = fresh(1) as [number];
      const seen = await fourPeers(local);
      expect(partition(seen)).toEqual(PARTITIONS[mapping]);
      if (ports.kind === "preserve") expect(seen[0]).toBe(local);
      else {
        expect(outOf(ports.range, seen)).toEqual([]);
        expect(seen[0]).toBe(first ?? seen[0]);
      }
    });
  });

  it.each<[string, Model & { ports: ReturnType<typeof sequential> }]>([
    ["+1 (iptables)", { ports: sequential(1, 40_000, 40_511) }],
    ["-3 (iptables)", { ports: sequential(-3, 40_000, 41_536) }],
    ["+2 (table, endpoint-independent)", { ports: sequential(2, 40_000, 41_022), mapping: "endpoint-independent" }],
    ["-1 (table, address-dependent)", { ports: sequential(-1, 40_000, 40_511), mapping: "address-dependent" }],
  ])("are exactly one step apart over 500 connections: %s", async (_, model) => {
    await bench.become(model);
    expect(await successive(500)).toEqual(portSequence(model.ports).slice(0, 500));
  });

  it("skip what other mappings hold when a sequence starts over", async () => {
    await bench.become({ ports: sequential(1, 40_000, 40_003), mapping: "endpoint-independent" });
    expect(await successive(4)).toEqual([40_000, 40_001, 40_002, 40_003]);
    expect(await bench.dial([{ from: { port: fresh(1)[0]! } }], { withinMs: 300 })).toEqual(["ETIMEDOUT"]);
    await bench.become({ ports: sequential(1, 40_000, 40_007), mapping: "endpoint-independent" });
    const held = await bench.dial(fresh(2).map((port) => ({ from: { port } })));
    expect(held).toEqual([40_000, 40_001]);
    bench.forgetBut(held as number[]);
    expect(await successive(6)).toEqual([40_002, 40_003, 40_004, 40_005, 40_006, 40_007]);
    // for the very SYN that asks, not for its retransmission a second later
    bench.forgetBut(held as number[]);
    expect(await successive(2, { withinMs: 800 })).toEqual([40_002, 40_003]);
  });

  it.each<[string, Model & { ports: ReturnType<typeof random> }, number, number]>([
    ["of no power of two, drawn by the kernel", { ports: random(20_000, 60_000) }, 10, 150],
    ["of no power of two, from a list", { ports: random(40_000, 42_999), mapping: "endpoint-independent" }, 2, 500],
    ["of a power of two (iptables)", { ports: random(32_768, 65_535) }, 1, 800],
  ])("are drawn uniformly from a range %s", async (_, model, rounds, each) => {
    const drawn: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await bench.become(model);
      const ports = await bench.dial(
        fresh(each).map((port) => ({ from: { port } })),
        { brief: true, withinMs: 900 },
      );
      drawn.push(...ports.filter((port) => typeof port === "number"));
    }
    const { range } = model.ports;
    expect(drawn.length).toBeGreaterThan(0.97 * rounds * each);
    expect(outOf(range, drawn)).toEqual([]);
    // 15 degrees of freedom: a fair draw exceeds 56 once in a million times; 16 bits modulo 40,001 gave 160 and more
    expect(chiSquare(drawn, range, 16)).toBeLessThan(56);
  });

  it("keep the inside port's parity, in two sequences or two draws", async () => {
    await bench.become({ ports: { ...sequential(2, 40_000, 40_011), parity: true } });
    const even = 2 * Math.ceil(unused / 2);
    unused = even + 10;
    const locals = [0, 1, 2, 3, 4, 6, 5].map((offset) => ({ from: { port: even + offset } }));
    expect(await bench.dial(locals)).toEqual([40_000, 40_001, 40_002, 40_003, 40_004, 40_006, 40_005]);
    await bench.become({ ports: { ...random(40_001, 40_101), parity: true }, mapping: "endpoint-independent" });
    const seen = await bench.dial(fresh(40).map((port) => ({ from: { port } })));
    expect(seen.map((port) => Number(port) % 2)).toEqual(Array.from({ length: 40 }, (_, i) => (unused - 40 + i) % 2));
    expect(new Set(seen).size).toBe(40);
  });

  it.each<[string, PortAllocation, Dependency]>([
    ["drawn", random(40_000, 40_047), "endpoint-independent"],
    ["counted", sequential(1, 40_000, 40_047), "address-and-port-dependent"],
  ])("%s from blocks are the host's own, and no more than the block has", async (_, ports, mapping) => {
    await bench.become({ ports, mapping, blockSize: 8 });
    for (const [ip, from] of [
      [INSIDE.a, 40_000],
      [INSIDE.a2, 40_016],
      [INSIDE.second, 40_032],
    ] as const) {
      const tries = fresh(9).map((port, index) => ({ from: { ip, port }, to: { peer: (index % 2) as 0 | 1 } }));
      const seen = await bench.dial(tries, { withinMs: 900 });
      expect(seen[8]).toBe("ETIMEDOUT");
      expect(ascending(seen.slice(0, 8))).toEqual(Array.from({ length: 8 }, (_unused, index) => from + index));
    }
  });

  it("beyond a host's sessions are none, whomever they are with, until some are forgotten; another host has its own", async () => {
    await bench.become({ ports: { kind: "preserve" }, sessionLimit: 32 });
    const many = (ip: string) =>
      fresh(34).map((port, index) => ({ from: { ip, port }, to: { peer: (index % 2) as 0 | 1 } }));
    const seen = await bench.dial(many(INSIDE.a), { withinMs: 900 });
    expect(seen.filter((port) => port === "ETIMEDOUT")).toHaveLength(2);
    const others = await bench.dial(many(INSIDE.a2), { withinMs: 900 });
    expect(others.filter((port) => port === "ETIMEDOUT")).toHaveLength(2);
    await bench.become({ ports: { kind: "preserve" }, sessionLimit: 32 });
    expect(await bench.dial(many(INSIDE.a).slice(0, 20))).not.toContain("ETIMEDOUT");
  });

  it("of two inside hosts with the same local port are never the same, where the NAT keeps a table", async () => {
    const [port] = fresh(1) as [number];
    await bench.become({ ports: { kind: "preserve" }, filtering: "endpoint-independent" });
    const [a, a2] = await bench.dial([
      { from: { ip: INSIDE.a, port }, to: { peer: 0 } },
      { from: { ip: INSIDE.a2, port }, to: { peer: 1 } },
    ]);
    expect(a).toBe(port);
    expect(a2).not.toBe(port);
    expect(typeof a2).toBe("number");
  });

  it("of a range of four serve four connections and no fifth", async () => {
    await bench.become({ ports: random(50_000, 50_003) });
    const seen = await bench.dial(fresh(4).map((port) => ({ from: { port } })));
    expect(ascending(seen)).toEqual([50_000, 50_001, 50_002, 50_003]);
    expect(await bench.dial([{ from: { port: fresh(1)[0]! } }], { withinMs: 300 })).toEqual(["ETIMEDOUT"]);
  });
});

const PARTITIONS: Record<Dependency, number[]> = {
  "endpoint-independent": [0, 0, 0, 0],
  "address-dependent": [0, 0, 2, 2],
  "address-and-port-dependent": [0, 1, 2, 3],
};

/** Where each value occurs first: [a, a, b, c] is [0, 0, 2, 3]. */
function partition(values: readonly unknown[]): number[] {
  return values.map((value) => values.indexOf(value));
}

function outOf({ from, to }: PortRange, ports: readonly (number | string)[]): (number | string)[] {
  return ports.filter((port) => !(Number(port) >= from && Number(port) <= to));
}

function ascending(ports: readonly (number | string)[]): (number | string)[] {
  return ports.toSorted((one, other) => Number(one) - Number(other));
}

function chiSquare(ports: readonly number[], { from, to }: PortRange, bins: number): number {
  const width = (to - from + 1) / bins;
  const counts = Array.from({ length: bins }, () => 0);
  for (const port of ports) counts[Math.floor((port - from) / width)]!++;
  const expected = ports.length / bins;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
