import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { NATS } from "../../orchestrator/nat/catalogue.ts";
import type { NatModel, PartialModel } from "../../orchestrator/nat/model.ts";
import { ADDRESS } from "../../orchestrator/plan/addresses.ts";
import { cleanWorld } from "../../orchestrator/world/attempt.ts";
import { setCore } from "../../orchestrator/world/core.ts";
import { loadGateway } from "../../orchestrator/world/gateways.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { PLAIN_CORE } from "../../wire/control.ts";
import type { AfterSyn, Fingerprint, Stimulus, Tested, TimerPoint } from "../../wire/fingerprint.ts";
import { nat } from "../kit/cells.ts";
import { openTestWorld } from "../kit/world.ts";

const UPPER = { from: 32_768, to: 65_535 };
const random: PartialModel & Pick<NatModel, "ports"> = { ports: { kind: "random", range: UPPER } };
const SOURCE_ROUTED: PartialModel = { sourceRoute: "aware" };

interface Case {
  readonly nat: PartialModel;
  readonly seen: unknown;
}

/** What is looked at in a fingerprint, and what it must be behind NATs that differ in this alone. */
const AXES: readonly {
  readonly axis: string;
  readonly look: (seen: Fingerprint) => unknown;
  readonly cases: Case[];
}[] = [
  {
    axis: "mapping, by how many outside ports one local port has",
    look: (seen) => new Set(lastPortsOutside(seen)).size,
    cases: [
      { nat: { ...random, mapping: "endpoint-independent" }, seen: 1 },
      { nat: { ...random, mapping: "address-dependent" }, seen: 2 },
      { nat: { ...random, mapping: "address-and-port-dependent" }, seen: 4 },
    ],
  },
  {
    axis: "filtering, by the strangers that come in",
    look: ({ strangers }) => ran(strangers).probes.map(({ arrived }) => arrived),
    cases: [
      { nat: { ...random, mapping: "endpoint-independent", filtering: "endpoint-independent" }, seen: [true, true] },
      { nat: { ...random, mapping: "endpoint-independent", filtering: "address-dependent" }, seen: [true, false] },
      { nat: random, seen: [false, false] },
    ],
  },
  {
    axis: "answers to SYNs, without mapping and from the wrong peer",
    look: ({ unsolicited, strangers }) => [ran(unsolicited).fate, ran(strangers).probes[1]!.fate].map(answer),
    cases: [
      { nat: { unsolicitedSyn: "drop", wrongPeerSyn: "reset" }, seen: ["silence", "reset"] },
      { nat: { unsolicitedSyn: "reset", wrongPeerSyn: "drop" }, seen: ["reset", "silence"] },
      { nat: { unsolicitedSyn: "port-unreachable" }, seen: ["icmp 3/3", "icmp 3/3"] },
      { nat: { unsolicitedSyn: "admin-prohibited" }, seen: ["icmp 3/13", "icmp 3/13"] },
    ],
  },
  {
    axis: "time-exceeded, by whether it arrives and the mapping stays",
    look: (seen) => behind(seen, "time-exceeded", "syn-ack"),
    cases: [
      { nat: { timeExceeded: "translate" }, seen: [true, true] },
      { nat: { timeExceeded: "drop" }, seen: [false, true] },
      { nat: { timeExceeded: "teardown" }, seen: [true, false] },
    ],
  },
  {
    axis: "reset, by whether it arrives and the mapping stays",
    look: (seen) => behind(seen, "reset", "syn-ack"),
    cases: [
      { nat: { reset: "deliver-and-remove" }, seen: [true, false] },
      { nat: { reset: "hide-and-remove" }, seen: [false, false] },
      { nat: { reset: "deliver-and-keep" }, seen: [true, true] },
      { nat: { reset: "ignore" }, seen: [false, true] },
    ],
  },
  {
    axis: "crossing SYNs, by whether one comes in",
    look: (seen) => behind(seen, "none", "syn"),
    cases: [
      { nat: { crossingSyn: "accept" }, seen: [undefined, true] },
      { nat: { crossingSyn: "refuse" }, seen: [undefined, false] },
    ],
  },
  {
    axis: "out-of-state SYN+ACKs, by where they come from",
    look: ({ outOfState }) => ran(outOfState).from?.ip,
    cases: [
      { nat: { outOfState: "leak" }, seen: ADDRESS.a },
      { nat: { outOfState: "drop" }, seen: undefined },
      { nat: { outOfState: "translate" }, seen: ADDRESS.naOutside },
    ],
  },
  {
    axis: "windows, by whether a segment far outside arrives",
    look: ({ outOfWindow }) => ran(outOfWindow).arrived,
    cases: [
      { nat: { windowTracking: "strict" }, seen: false },
      { nat: { windowTracking: "liberal" }, seen: true },
    ],
  },
  {
    axis: "sequence numbers, by how far they are shifted and back",
    look: ({ sequence }) => {
      const { isnSent, isnSeen, ackArrived } = ran(sequence);
      return [(isnSeen - isnSent) >>> 0, ((ackArrived ?? 0) - isnSent) >>> 0];
    },
    cases: [
      { nat: { sequenceNumbers: "keep" }, seen: [0, 1] },
      { nat: { sequenceNumbers: "rewrite" }, seen: [2 ** 31, 1] },
    ],
  },
  {
    axis: "source routes, by where they come from and who may answer",
    look: ({ sourceRoute }) => {
      const { from, answerFromFinal, answerFromX } = ran(sourceRoute);
      return [from?.ip, answerFromFinal, answerFromX];
    },
    cases: [
      { nat: { sourceRoute: "refuse" }, seen: [undefined, false, false] },
      { nat: { sourceRoute: "stock" }, seen: [ADDRESS.a, false, false] }, // the checksum covers the final destination: INVALID
      { nat: SOURCE_ROUTED, seen: [ADDRESS.naOutside, true, false] },
      { nat: NATS.stateless.axes, seen: [ADDRESS.naOutside, true, true] },
    ],
  },
  {
    axis: "hairpin, by whether a SYN to the other's outside endpoint arrives from outside",
    look: ({ hairpin }) => ran(hairpin).from?.ip,
    cases: [
      { nat: { hairpin: false }, seen: undefined },
      { nat: { hairpin: true }, seen: ADDRESS.naOutside },
    ],
  },
];

describe.skipIf(inject("noEngine"))("the prober's battery tells", () => {
  let world: World;

  beforeAll(async () => {
    world = await openTestWorld("prober-axes");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    await cleanWorld(world);
    await setCore(world, { ...PLAIN_CORE, sourceRoute: "forward" });
  });

  async function measure(axes: PartialModel): Promise<Fingerprint> {
    await loadGateway(world, "a", nat(axes));
    const parameters = { x: ADDRESS.x, mode: "quick", localPort: 33_000, seed: 1, silenceMs: 250 } as const;
    return world.agent("a").call("probe", parameters, 60_000);
  }

  describe.each(AXES)("$axis:", ({ look, cases }) => {
    it.each(cases)("$nat is seen as $seen", async ({ nat: axes, seen }) => {
      expect(look(await measure(axes))).toEqual(seen);
    });
  });

  it("the same across a core with 25 ms each way, having listened for longer", async () => {
    await setCore(world, { ...PLAIN_CORE, delayMs: 25 });
    const seen = await measure({ unsolicitedSyn: "drop", wrongPeerSyn: "reset", timeExceeded: "teardown" });
    expect(seen.rttMs).toBeGreaterThanOrEqual(50);
    const [unsolicited, stranger] = [ran(seen.unsolicited).fate, ran(seen.strangers).probes[0]!.fate];
    expect([unsolicited, stranger].map(answer)).toEqual(["silence", "reset"]);
    expect(stranger).toMatchObject({ afterMs: expect.any(Number) as number });
    if (stranger.kind === "reset") expect(stranger.afterMs).toBeGreaterThanOrEqual(50);
    expect(behind(seen, "time-exceeded", "syn-ack")).toEqual([true, false]);
    expect(behind(seen, "none", "syn")).toEqual([undefined, true]);
  });

  it("nothing wrong across a core that loses packets: a connection's own port, or none", async () => {
    await setCore(world, { ...PLAIN_CORE, lossPercent: 10 }, 1);
    const outside = lastPortsOutside(await measure({}));
    expect(outside.filter((port) => port !== undefined && port !== 33_004)).toEqual([]);
  });

  it(
    "in its whole length how long mappings last, and an answer that comes late or not at all",
    { timeout: 60_000 },
    async () => {
      const late = { kind: "delayed-icmp", afterMs: 1_000 } as const;
      const timeouts = { synSentS: 1, establishedS: 3, closingS: 2 };
      await loadGateway(world, "a", nat({ unsolicitedSyn: late, timeouts }));
      const parameters = { x: ADDRESS.x, mode: "fast", localPort: 33_000, seed: 1 } as const;
      const seen = await world.agent("a").call("probe", parameters, 60_000);
      const { fate } = ran(seen.unsolicited);
      expect(answer(fate)).toBe("icmp 3/3");
      if (fate.kind === "icmp") expect(fate.afterMs).toBeGreaterThanOrEqual(1_000);
      expect(answer(ran(seen.unsolicitedThenSyn).fate)).toBe("silence"); // RFC 5382 REQ-4: the host's own SYN followed
      const last = (points: readonly TimerPoint[]): number =>
        Math.max(...points.filter(({ alive }) => alive).map(({ idleMs }) => idleMs));
      const { synSent, established, closing } = ran(seen.timers);
      expect([synSent, established, closing].map(last)).toEqual([500, 2_500, 1_500]);
    },
  );
});

/** A test that ran. */
function ran<T>(test: Tested<T>): T {
  if (!test.ran) throw new Error(`not tried: ${test.why}`);
  return test;
}

/** Outside ports of the last local port of the binding test, which goes to four endpoints of X. */
function lastPortsOutside(seen: Fingerprint): readonly (number | undefined)[] {
  return ran(seen.bindings)
    .made.slice(-4)
    .map(({ outside }) => outside?.port);
}

/** Whether the stimulus arrived, and then the probe. */
function behind(seen: Fingerprint, stimulus: Stimulus, probe: AfterSyn["probe"]): unknown {
  const found = ran(seen.afterSyn).probes.find((one) => one.stimulus === stimulus && one.probe === probe);
  return found && [found.stimulusArrived, found.probeArrived];
}

function answer(fate: AfterSyn["fate"]): string {
  return fate.kind === "icmp" ? `icmp ${fate.type}/${fate.code}` : fate.kind;
}
