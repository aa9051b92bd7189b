import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { ALL_PORTS } from "../../orchestrator/nat/catalogue.ts";
import { ADDRESS } from "../../orchestrator/plan/addresses.ts";
import { cleanWorld } from "../../orchestrator/world/attempt.ts";
import { loadGateway } from "../../orchestrator/world/gateways.ts";
import type { World } from "../../orchestrator/world/world.ts";
import type { ProbeParameters } from "../../wire/control.ts";
import type { Fingerprint, Tested } from "../../wire/fingerprint.ts";
import { X_PORTS } from "../../wire/rendezvous.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import { nat, ROUTER } from "../kit/cells.ts";
import { packetsOf } from "../kit/dial.ts";
import { until } from "../kit/until.ts";
import { NODE, openTestWorld } from "../kit/world.ts";

const noEngine = inject("noEngine");
const PROGRAM = [NODE, "/opt/natbed/agents/natbed-probe.js"];
/** Gives up every capability (capset(2), version 3), then runs the program in the same process. */
const UNPRIVILEGED = `
const capset = require("/opt/natbed/node_modules/koffi").load("libc.so.6").func("int capset(void *head, void *sets)");
const head = Buffer.alloc(8);
head.writeUInt32LE(0x20080522);
if (capset(head, Buffer.alloc(24)) !== 0) process.exit(3);
import(${JSON.stringify(PROGRAM[1])});
`;
const QUICK: ProbeParameters = { x: ADDRESS.x, mode: "quick", localPort: 10_000, seed: 1 };

describe.skipIf(noEngine)("the prober", () => {
  let world: World;

  beforeAll(async () => {
    world = await openTestWorld("prober");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());
  beforeEach(() => cleanWorld(world));

  const probe = (parameters: Partial<ProbeParameters> = {}): Promise<Fingerprint> =>
    world.agent("a").call("probe", { ...QUICK, ...parameters }, 60_000);

  it("knows the addresses of both ends", async () => {
    await loadGateway(world, "a", nat());
    const { inside, x } = await probe();
    expect({ inside, x }).toEqual({ inside: [ADDRESS.a, ADDRESS.aSecond], x: [ADDRESS.x, ADDRESS.xSecond] });
  });

  it("sees which outside port each connection gets, in order", async () => {
    await loadGateway(world, "a", nat());
    expect(outsidePorts(await probe())).toEqual([10_000, 10_002, 10_001, 10_003, 10_004, 10_004, 10_004, 10_004]);

    await loadGateway(world, "a", nat({ ports: { kind: "sequential", step: 3, range: { from: 40_000, to: 41_000 } } }));
    const sequential = outsidePorts(await probe());
    expect(sequential.map((port) => port - sequential[0]!)).toEqual([0, 3, 6, 9, 12, 15, 18, 21]);

    await loadGateway(world, "a", nat({ ports: { kind: "random", range: ALL_PORTS } }));
    expect(new Set(outsidePorts(await probe())).size).toBe(8);
  });

  it("sees silence, a stranger kept out, and what a NAT passes on behind a SYN", async () => {
    await loadGateway(world, "a", nat());
    const seen = await probe();
    expect(seen).toMatchObject({
      unsolicited: { fate: { kind: "silence" } },
      strangers: {
        probes: [
          { from: "same-address-other-port", arrived: false, fate: { kind: "silence" } },
          { from: "other-address", arrived: false, fate: { kind: "silence" } },
        ],
      },
      afterSyn: {
        probes: [
          { stimulus: "none", probe: "syn", probeArrived: true },
          { stimulus: "none", probe: "syn-ack", probeArrived: true },
          { stimulus: "reset", probe: "syn-ack", stimulusArrived: true, probeArrived: false },
          { stimulus: "time-exceeded", probe: "syn-ack", stimulusArrived: true, probeArrived: true },
        ],
      },
      outOfWindow: { arrived: false },
      hairpin: { arrived: false },
    });
    const { mapping, from } = ran(seen.outOfState);
    expect(mapping.ip).toBe(ADDRESS.naOutside);
    expect(from).toEqual({ ip: ADDRESS.a, port: mapping.port }); // leaked: a preserving NAT, the private address
    const { isnSent, isnSeen, ackArrived } = ran(seen.sequence);
    expect([isnSeen, ackArrived]).toEqual([isnSent, (isnSent + 1) >>> 0]);
  });

  it("sees an RST and its time, and an ICMP error that the NAT keeps to itself", async () => {
    await loadGateway(world, "a", nat({ unsolicitedSyn: "reset", timeExceeded: "drop" }));
    const seen = await probe();
    expect(ran(seen.unsolicited).fate).toMatchObject({ kind: "reset", afterMs: expect.any(Number) as number });
    expect(ran(seen.strangers).probes.map(({ fate }) => fate.kind)).toEqual(["reset", "reset"]);
    expect(ran(seen.afterSyn).probes.at(-1)).toMatchObject({ stimulusArrived: false, probeArrived: true });
  });

  it("sees that there is no NAT: its own endpoints outside, and everything arrives", async () => {
    await loadGateway(world, "a", ROUTER);
    const seen = await probe();
    expect(ran(seen.bindings).made.map(({ local, outside }) => [local, outside])).toEqual(
      ran(seen.bindings).made.map(({ local }) => [local, local]),
    );
    expect(ran(seen.strangers).probes.map(({ arrived }) => arrived)).toEqual([true, true]);
    expect(ran(seen.afterSyn).probes.map(({ probeArrived }) => probeArrived)).toEqual([true, true, true, true]);
    expect(ran(seen.outOfWindow).arrived).toBe(true);
    expect(seen.hairpin).toMatchObject({ ran: false, why: expect.stringContaining("no NAT") as string });
  });

  it("measures both sides at once as well as one", async () => {
    await Promise.all([loadGateway(world, "a", nat()), loadGateway(world, "b", nat({ unsolicitedSyn: "reset" }))]);
    const both = await Promise.all([probe(), world.agent("b").call("probe", QUICK)]);
    expect(both.map(({ unsolicited }) => ran(unsolicited).fate.kind)).toEqual(["silence", "reset"]);
    expect(both.map((one) => ran(one.sequence).isnSeen === ran(one.sequence).isnSent)).toEqual([true, true]);
  });

  it("shares no sequence number with another prober of the same seed, so that X tells neither of the other's packets", async () => {
    const nats = (["na", "nb"] as const).map((node) => world.agent(node));
    await Promise.all([loadGateway(world, "a", nat()), loadGateway(world, "b", nat())]);
    await Promise.all(nats.map((agent) => agent.call("capture-begin", {})));
    await Promise.all([probe(), world.agent("b").call("probe", QUICK)]);
    const [ofA, ofB] = await Promise.all(
      nats.map(async (agent) => {
        const sent = (await packetsOf(agent)).filter(({ iface, direction }) => iface === "in" && direction === "in");
        return new Set(sent.flatMap(({ tcp }) => (tcp && tcp.flags === TCP_FLAG.syn ? [tcp.seq] : [])));
      }),
    );
    expect(ofA?.size).toBeGreaterThan(5);
    expect([...(ofA ?? [])].filter((seq) => ofB?.has(seq))).toEqual([]);
  });

  it("takes the whole battery as a plain program, which prints the fingerprint", { timeout: 60_000 }, async () => {
    await loadGateway(world, "a", nat());
    const json = await world.agent("a").run([...PROGRAM, "--x", ADDRESS.x, "--json"]);
    const seen = JSON.parse(json) as Fingerprint;
    expect(Object.entries(seen).filter(([, test]) => (test as { ran?: boolean }).ran === false)).toEqual([]);
    expect(ran(seen.bindings).made).toHaveLength(7 * 4 * 3);
    expect(ran(seen.lowPorts).made.map(({ local, outside }) => [local.port, outside?.port])).toEqual([
      [601, 601],
      [602, 602],
      [603, 603],
    ]);
    expect(ran(seen.overloading).made.map(({ local }) => local.ip)).toEqual([
      ADDRESS.a,
      ADDRESS.aSecond,
      ADDRESS.aSecond,
      ADDRESS.aSecond,
    ]);
    expect(ran(seen.prediction)).toMatchObject({ tries: 10, hits: 10 });
    expect(ran(seen.capacity)).toMatchObject({ tried: 640, opened: 640 });
    expect(ran(seen.afterSyn).probes).toHaveLength(8);
    const { synSent, established, closing } = ran(seen.timers);
    for (const points of [synSent, established, closing])
      expect(points.map(({ alive }) => alive)).toEqual(points.map(() => true));
  });

  it(
    "counts the predictions that do not come true, and the connections that find no port",
    { timeout: 60_000 },
    async () => {
      const ports = { kind: "random", range: { from: 40_960, to: 41_215 } } as const;
      await loadGateway(world, "a", nat({ ports }));
      const seen = await probe({ mode: "fast" });
      expect(ran(seen.prediction).hits).toBeLessThan(3); // a fair draw of one in 256, ten times: below 1e-5
      const { tried, opened } = ran(seen.capacity);
      expect(opened).toBeLessThan(tried);
      expect(opened).toBeLessThanOrEqual(256);
    },
  );

  it("does without what needs X's second address where X has one only", async () => {
    await loadGateway(world, "a", nat());
    const second = `${ADDRESS.xSecond}/24 dev wan`;
    await world.agent("x").run(["sh", "-c", `ip address del ${second}`]);
    try {
      const seen = await probe();
      expect(seen.x).toEqual([ADDRESS.x]);
      expect(ran(seen.bindings).made).toHaveLength(6);
      expect(ran(seen.strangers).probes.map(({ from }) => from)).toEqual(["same-address-other-port"]);
      expect(seen.sourceRoute).toEqual({ ran: false, why: "X has one address only" });
    } finally {
      await world.agent("x").run(["sh", "-c", `ip address add ${second}`]);
    }
  });

  it("fails, and says so, where X goes away in the middle", async () => {
    await loadGateway(world, "a", nat());
    await world.agent("x").call("capture-begin", {});
    const failure = probe({ mode: "fast" }).catch((error: Error) => error.message);
    const isSilent = (port = 0): boolean => port >= X_PORTS.silent.from && port <= X_PORTS.silent.to;
    await until(
      "X sends what the battery asks for, seconds before its end",
      async () =>
        (await packetsOf(world.agent("x"))).some(
          ({ direction, tcp }) => direction === "out" && isSilent(tcp?.srcPort),
        ) || undefined,
      { withinMs: 20_000 },
    );
    await world.agent("x").call("reset", {});
    expect(await failure).toContain("X ended the prober's connection");
  });

  it("says why it did not try what it has no right to, and does the rest", { timeout: 60_000 }, async () => {
    await loadGateway(world, "a", nat());
    const words = [NODE, "-e", UNPRIVILEGED, "--", "--x", ADDRESS.x, "--mode", "quick", "--json"];
    const seen = JSON.parse(await world.agent("a").run(words)) as Fingerprint;
    for (const test of [seen.afterSyn, seen.strangers, seen.outOfState, seen.hairpin, seen.sequence])
      expect(test).toEqual({ ran: false, why: "needs CAP_NET_RAW" });
    expect(ran(seen.bindings).made.map(({ local, outside }) => outside?.port === local.port)).toEqual(
      Array.from({ length: 8 }, () => true),
    );
    expect(ran(seen.unsolicited).fate.kind).toBe("silence");
  });

  it("says what is wrong with what it was asked, and that X cannot be reached", async () => {
    const run = (...words: string[]) => world.agent("a").call("exec", { argv: [...PROGRAM, ...words] });
    expect(await run("--x", ADDRESS.x, "--mode", "slow")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("usage:") as string,
    });
    expect(await run("--x", `${ADDRESS.x}:7009`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("ECONNREFUSED") as string,
    });
  });
});

/** A test that ran. */
function ran<T>(test: Tested<T>): T {
  if (!test.ran) throw new Error(`not tried: ${test.why}`);
  return test;
}

function outsidePorts(seen: Fingerprint): readonly number[] {
  return ran(seen.bindings).made.map(({ outside }) => outside?.port ?? -1);
}
