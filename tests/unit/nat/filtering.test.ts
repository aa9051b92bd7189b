import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { DEPENDENCIES, type Dependency, type PortAllocation } from "../../../orchestrator/nat/model.ts";
import { until } from "../../kit/until.ts";
import { INSIDE, NatBench, OUTSIDE, type Model } from "./bench.ts";
import { missingForKernelTests } from "./namespace.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: filtering on the real kernel (${missing})`);

const SILENCE = "ETIMEDOUT";
/** An inside host's own stack refused what the NAT let in. */
const CAME_IN = "ECONNREFUSED";
const FULL_CONE: Model = NATS["full-cone"].axes;
const LISTED_OR_KEPT: readonly [string, PortAllocation][] = [
  ["preserved", { kind: "preserve" }],
  ["sequential", { kind: "sequential", step: 1, range: { from: 40_000, to: 40_511 } }],
];

describe.skipIf(missing)("a NAT's filter", () => {
  let bench: NatBench;
  let unused = 10_000;
  beforeAll(async () => {
    bench = await NatBench.open();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  const fresh = (): number => unused++;
  /** Opens a mapping to the first peer's first port and returns its local and its outside port. */
  async function open(ip: string = INSIDE.a): Promise<{ local: number; outside: number }> {
    const local = fresh();
    const [outside] = await bench.dial([{ from: { ip, port: local }, to: { peer: 0, port: 0 } }]);
    expect(outside, "the mapping's connection came about").toBeTypeOf("number");
    return { local, outside: outside as number };
  }
  const stranger = (port: number, peer: 0 | 1): Promise<string> => bench.knock(port, { peer, localPort: fresh() });

  describe.each<[string, PortAllocation]>([
    ["preserving", { kind: "preserve" }],
    ["sequential", { kind: "sequential", step: 1, range: { from: 40_000, to: 40_511 } }],
    ["random (drawn by the kernel)", { kind: "random", range: { from: 32_768, to: 65_535 } }],
    ["random (from a list)", { kind: "random", range: { from: 50_000, to: 50_099 } }],
  ])("with %s ports", (_, ports) => {
    it.each<[Dependency, Dependency, string, string]>([
      ["endpoint-independent", "address-and-port-dependent", CAME_IN, CAME_IN],
      ["address-dependent", "address-dependent", CAME_IN, SILENCE],
      ["address-and-port-dependent", "endpoint-independent", SILENCE, SILENCE],
    ])("that is %s admits whom it says, on a mapping that is %s", async (filtering, mapping, samePeer, otherPeer) => {
      await bench.become({ ports, filtering, mapping });
      const { outside } = await open();
      expect(await stranger(outside, 0)).toBe(samePeer);
      expect(await stranger(outside, 1)).toBe(otherPeer);
      if (filtering === "endpoint-independent")
        expect(await stranger(outside === 50_000 ? 50_001 : outside - 1, 1)).toBe(SILENCE);
    });
  });

  it("hands a stranger's connection to the owner of the port among several hosts", async () => {
    await bench.become(FULL_CONE);
    const a = await open(INSIDE.a);
    const a2 = await open(INSIDE.a2);
    await bench.listenInside(INSIDE.a2, a2.local);
    const from = fresh();
    expect(await bench.knock(a2.outside, { peer: 1, localPort: from })).toBe(`198.51.100.3:${from}`);
    expect(await stranger(a.outside, 1)).toBe(CAME_IN);
  });

  it("forgets a mapping some time after its last packet, and no sooner than its connection does", async () => {
    await bench.become({ ...FULL_CONE, timeouts: { synSentS: 1, establishedS: 3, closingS: 2 } });
    const { local, outside } = await open();
    await bench.say(local);
    const openedAt = Date.now();
    let lastAlive = openedAt;
    await until(
      "the mapping is forgotten",
      async () => {
        const alive = (await stranger(outside, 1)) === CAME_IN;
        if (alive) lastAlive = Date.now();
        return alive ? undefined : true;
      },
      { withinMs: 15_000 },
    );
    expect(lastAlive - openedAt).toBeGreaterThan(2_000);
  });

  it.each([
    { synSentS: 30, establishedS: 300, closingS: 60 },
    { synSentS: 300, establishedS: 30, closingS: 60 },
  ])(
    "remembers a mapping for as long as its connection's state says: $synSentS, $establishedS, $closingS s",
    async (timeouts) => {
      await bench.become({ ...FULL_CONE, timeouts });
      const remembered = (port: number, seconds: number): void => {
        const left = bench.remembersS(port);
        expect(left).toBeLessThanOrEqual(seconds);
        expect(left).toBeGreaterThan(seconds - 20); // on a busy machine the look comes late
      };
      const unanswered = fresh();
      await bench.dial([{ from: { port: unanswered }, to: { peer: "nobody" } }], { withinMs: 50 });
      remembered(unanswered, timeouts.synSentS);
      const { local } = await open();
      remembered(local, timeouts.establishedS);
      await bench.end(local);
      remembered(local, timeouts.closingS);
    },
  );

  it("knows nobody whose mapping was forgotten with the rules", async () => {
    await bench.become(FULL_CONE);
    const { outside } = await open();
    expect(await stranger(outside, 1)).toBe(CAME_IN);
    await bench.become(FULL_CONE);
    expect(await stranger(outside, 1)).toBe(SILENCE);
  });

  describe("towards the NAT's own outside address from inside", () => {
    it.each(DEPENDENCIES)("lets nothing pass without hairpin (%s)", async (filtering) => {
      await bench.become({ ...FULL_CONE, filtering, hairpin: false });
      const a = await open(INSIDE.a);
      const a2 = await open(INSIDE.a2);
      await bench.listenInside(INSIDE.a2, a2.local);
      expect(await bench.turn({ ip: INSIDE.a, port: a.local }, a2.outside)).toBe(SILENCE);
    });

    it("lets everybody pass with hairpin and no filter, and shows the sender's outside endpoint", async () => {
      await bench.become({ ...FULL_CONE, hairpin: true });
      const a = await open(INSIDE.a);
      const a2 = await open(INSIDE.a2);
      await bench.listenInside(INSIDE.a2, a2.local);
      expect(await bench.turn({ ip: INSIDE.a, port: a.local }, a2.outside)).toBe(`${OUTSIDE}:${a.outside}`);
      const own = await bench.turn({ ip: INSIDE.a2, port: fresh() }, a2.outside);
      expect(own).toMatch(new RegExp(`^${OUTSIDE}:`));
      expect([a.outside, a2.outside]).not.toContain(Number(own.split(":")[1]));
    });

    it.each<[Dependency, string]>([
      ["address-dependent", CAME_IN],
      ["address-and-port-dependent", SILENCE],
    ])("lets two hosts punch through with hairpin and a filter that is %s", async (filtering, others) => {
      await bench.become({ ...FULL_CONE, filtering, hairpin: true });
      const a = await open(INSIDE.a);
      const a2 = await open(INSIDE.a2);
      const third = await open(INSIDE.second);
      const knock = (): Promise<string> => bench.turn({ ip: INSIDE.second, port: third.local }, a.outside);
      expect(await knock()).toBe(SILENCE);
      const both = await bench.punch(
        { from: { ip: INSIDE.a, port: a.local }, port: a2.outside },
        { from: { ip: INSIDE.a2, port: a2.local }, port: a.outside },
      );
      expect(both).toEqual([`${OUTSIDE}:${a.outside}`, `${OUTSIDE}:${a2.outside}`]);
      // A has sent to the NAT's address by now, but not to the third host's endpoint there
      expect(await knock()).toBe(others);
    });

    it.each(
      DEPENDENCIES.flatMap((filtering) => LISTED_OR_KEPT.map(([kind, ports]) => [filtering, kind, ports] as const)),
    )("lets two hosts punch from ports without a mapping (%s filter, %s ports)", async (filtering, _, ports) => {
      await bench.become({ ports, mapping: "endpoint-independent", filtering, hairpin: true });
      const [local, other] = [fresh(), fresh()];
      const [from, to] = ports.kind === "preserve" ? [local, other] : [ports.range.from, ports.range.from + 1];
      const both = await bench.punch(
        { from: { ip: INSIDE.a, port: local }, port: to },
        { from: { ip: INSIDE.a2, port: other }, port: from },
      );
      expect(both).toEqual([`${OUTSIDE}:${from}`, `${OUTSIDE}:${to}`]);
    });

    it("keeps the mapping of a SYN to a port that nobody has, and lets nobody hear of the SYN", async () => {
      await bench.become({ ...FULL_CONE, hairpin: true, ports: { kind: "preserve" } });
      const local = fresh();
      expect(await stranger(local, 1)).toBe(SILENCE);
      expect(await bench.turn({ ip: INSIDE.a, port: local }, fresh())).toBe(SILENCE);
      expect(await stranger(local, 1)).toBe(CAME_IN);
    });

    it("answers a SYN to a port that nobody has as one from outside, where it answers", async () => {
      await bench.become({ ...FULL_CONE, hairpin: true, unsolicitedSyn: "reset" });
      expect(await bench.turn({ ip: INSIDE.a, port: fresh() }, fresh())).toBe(CAME_IN);
    });
  });
});
