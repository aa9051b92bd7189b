import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ACK_SWEEP } from "../../../agents/choice/plain.ts";
import { hostMachine, xMachine } from "../../../agents/technique/index.ts";
import type { HostEvent, XAction, XEvent } from "../../../agents/technique/machine.ts";
import type { Port } from "../../../wire/address.ts";
import { OUTSIDE, simulate, SYN, type Network } from "./simulation.ts";

const BIRTHDAY = {
  name: "natblaster-4",
  search: "birthday",
  syns: 439,
  predictionOffset: 0,
  gapMs: 0,
  skewMs: 0,
} as const;
const HIT = { localPort: 12_345, outsidePort: 23_456 };
const DYING: Network = {
  syn: (from) => [{ to: from, event: { kind: "syn-seen", socket: "punch", syn: SYN[from] } }],
};

describe("natblaster case 4", () => {
  it("floods, sprays, connects from the port that was hit and forges for it", () => {
    expect(simulate(BIRTHDAY, { ...DYING, spray: () => HIT })).toEqual([
      "0 x tells a paired",
      "0 x tells b paired",
      "1 a measure-ttl",
      "1 b measure-ttl",
      "2 b predict",
      "3 b tells ready 198.51.100.2:50001",
      "4 x tells a peer 198.51.100.2:50001",
      "5 a mutes resets to 198.51.100.2",
      "5 a floods 198.51.100.2:50001 × 439 ttl 3",
      "6 a tells flood 77 439",
      "7 x sprays 198.51.100.2:50001 → 192.0.2.2 × 439 ack 77+1",
      "8 a tells hit 192.0.2.2:23456",
      "8 a connects 12345 → 198.51.100.2:50001 ttl 3",
      "8 x tells a sprayed 439",
      "9 x tells b peer 192.0.2.2:23456",
      "9 a tells syn isn 100",
      "9 a searched with 878 packets",
      "10 b waits 0 for punch",
      "10 b connects 6001 → 192.0.2.2:23456 ttl 3",
      "11 b tells syn isn 200",
      "12 x forges 198.51.100.2:50001 → 192.0.2.2:23456 seq 200 ack 100+1",
      "12 x forges 192.0.2.2:23456 → 198.51.100.2:50001 seq 100 ack 200+1",
      "12 x waits 200 for repeat-200",
      "12 x waits 600 for repeat-600",
      "12 x waits 1000 for give-up",
      "13 a set-ttl 64",
      "13 a tells established",
      "13 b set-ttl 64",
      "13 b tells established",
      "14 x tells a open",
      "14 x tells b open",
      "15 a greet",
      "15 b greet",
      "16 a adopt",
      "16 b adopt",
    ]);
  });

  it("without a hit ends as no-collision 150 ms after X said that everything was sent", () => {
    expect(simulate(BIRTHDAY, DYING).slice(10)).toEqual([
      "7 x sprays 198.51.100.2:50001 → 192.0.2.2 × 439 ack 77+1",
      "8 x tells a sprayed 439",
      "9 a searched with 878 packets",
      "9 a waits 150 for no-hit",
      "159 a tells failed no-collision",
      "159 a gives up: no-collision",
      "160 x tells b peer-failed no-collision",
      "161 b gives up: peer-failed",
    ]);
  });

  it("floods once TTL, own address and peer are known, in whichever order they become so, and not before", () => {
    const facts: HostEvent[] = [
      { kind: "told", message: { t: "welcome", v: 1, observed: { ...OUTSIDE.a, port: 999 as Port } } },
      { kind: "ttl-measured", ttl: 3 },
      { kind: "told", message: { t: "peer", endpoint: OUTSIDE.b } },
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(facts, { minLength: 3 }), (order) => {
        const machine = hostMachine("a", BIRTHDAY);
        let state = machine.initial;
        const kinds = order.map((event) => {
          const step = machine.step(state, event);
          state = step.state;
          return step.actions.map(({ kind }) => kind);
        });
        expect(kinds).toEqual([[], [], ["mute-resets", "flood"]]);
      }),
    );
  });
});

describe("natblaster case 4 by a sweep", () => {
  const lines = (network: Network): string[] => simulate(ACK_SWEEP, network);
  const swept = (transcript: readonly string[]): string[] =>
    transcript.filter((line) => line.includes(" x sweeps ")).map((line) => /ports (\S+)/.exec(line)![1]!);

  it("has X try window after window, two at a time, until one gets through, then forges for that port", () => {
    const sweep: Network["sweep"] = ({ first }) =>
      first === 8_192 ? { localPort: 5001, outsidePort: 23_456 } : undefined;
    expect(lines({ ...DYING, sweep })).toEqual([
      "0 x tells a paired",
      "0 x tells b paired",
      "1 a choose-port",
      "1 a measure-ttl",
      "1 b measure-ttl",
      "2 b predict",
      "3 b tells ready 198.51.100.2:50001",
      "4 x tells a peer 198.51.100.2:50001",
      "5 a connects 5001 → 198.51.100.2:50001 ttl 3",
      "6 a tells syn isn 100",
      "6 a watches 5001 for a sweep from 198.51.100.2:50001",
      "6 a tells sweep 100",
      "7 x sweeps 198.51.100.2:50001 → 192.0.2.2 ports 0+4096 ack 100+1",
      "7 x sweeps 198.51.100.2:50001 → 192.0.2.2 ports 4096+4096 ack 100+1",
      "8 x tells a sweeping 4096",
      "8 x tells b sweeping 4096",
      "8 x tells a sweeping 8192",
      "8 x tells b sweeping 8192",
      "9 a tells heard",
      "9 a tells heard",
      "10 x sweeps 198.51.100.2:50001 → 192.0.2.2 ports 8192+4096 ack 100+1",
      "10 x sweeps 198.51.100.2:50001 → 192.0.2.2 ports 12288+4096 ack 100+1",
      "11 a tells hit 192.0.2.2:23456",
      "11 x tells a sweeping 12288",
      "11 x tells b sweeping 12288",
      "11 x tells a sweeping 16384",
      "11 x tells b sweeping 16384",
      "12 x tells b peer 192.0.2.2:23456",
      "12 x tells a swept 16384",
      "13 b waits 0 for punch",
      "13 a searched with 16384 packets",
      "13 b connects 6001 → 192.0.2.2:23456 ttl 3",
      "14 b tells syn isn 200",
      "15 x forges 198.51.100.2:50001 → 192.0.2.2:23456 seq 200 ack 100+1",
      "15 x forges 192.0.2.2:23456 → 198.51.100.2:50001 seq 100 ack 200+1",
      "15 x waits 200 for repeat-200",
      "15 x waits 600 for repeat-600",
      "15 x waits 1000 for give-up",
      "16 a set-ttl 64",
      "16 a tells established",
      "16 b set-ttl 64",
      "16 b tells established",
      "17 x tells a open",
      "17 x tells b open",
      "18 a greet",
      "18 b greet",
      "19 a adopt",
      "19 b adopt",
    ]);
  });

  it("that nobody answers tries every port twice, each once a time, and ends as sweep-empty", () => {
    const transcript = lines(DYING);
    const windows = Array.from({ length: 15 }, (_, n) => `${n * 4_096}+4096`);
    expect(swept(transcript)).toEqual([...windows, "61440+3072", ...windows, "61440+3072"]);
    expect(transcript.filter((line) => line.includes("searched"))).toHaveLength(2);
    expect(transcript.slice(-4).map((line) => line.replace(/^\d+ /, ""))).toEqual([
      "a tells failed sweep-empty",
      "a gives up: sweep-empty",
      "x tells b peer-failed sweep-empty",
      "b gives up: peer-failed",
    ]);
  });

  it.each([
    ["as it has left a NAT that shifts numbers", 101 - 0x8000_0000, 100 + 0x8000_0000],
    ["with a number that goes beyond the last one", 102, 0xffff_ffff + 100],
    ["as it is where nothing was shifted", 101, 100],
  ])("learns the shift, tells X the SYN %s, and keeps its kernel from refusing the ACK", (_, ack, isn) => {
    const sweep: Network["sweep"] = () => ({ localPort: 5001, outsidePort: 23_456, ack: ack >>> 0 });
    const transcript = simulate({ ...ACK_SWEEP, sequenceShift: "learned" }, { ...DYING, sweep });
    const ofA = transcript.filter((line) => / a (mutes|connects|watches|tells (syn|sweep|hit))/.test(line));
    expect(ofA.map((line) => line.replace(/^\d+ /, ""))).toEqual([
      "a mutes resets to 198.51.100.2",
      "a connects 5001 → 198.51.100.2:50001 ttl 3",
      "a watches 5001 for a shifted sweep from 198.51.100.2:50001",
      "a tells sweep 100",
      `a tells syn isn ${isn >>> 0}`,
      "a tells hit 192.0.2.2:23456",
    ]);
    expect(transcript).toContainEqual(
      expect.stringMatching(`forges 192.0.2.2:23456 → 198.51.100.2:50001 seq ${isn >>> 0} ack 200\\+1$`),
    );
  });

  it("finds in the second sweep what was lost in the first", () => {
    let sweeps = 0;
    const sweep: Network["sweep"] = ({ first }) => {
      if (first === 0) sweeps += 1;
      return sweeps === 2 ? { localPort: 5001, outsidePort: 23_456 } : undefined;
    };
    expect(lines({ ...DYING, sweep }).at(-1)).toMatch(/ b adopt$/);
  });

  it("sends no SYN before local port, TTL, own address and peer are known, in whichever order they become so", () => {
    const facts: HostEvent[] = [
      { kind: "told", message: { t: "welcome", v: 1, observed: { ...OUTSIDE.a, port: 999 as Port } } },
      { kind: "ttl-measured", ttl: 3 },
      { kind: "port-chosen", localPort: 5001 },
      { kind: "told", message: { t: "peer", endpoint: OUTSIDE.b } },
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(facts, { minLength: 4 }), (order) => {
        const machine = hostMachine("a", ACK_SWEEP);
        let state = machine.initial;
        const kinds = order.map((event) => {
          const step = machine.step(state, event);
          state = step.state;
          return step.actions.map(({ kind }) => kind);
        });
        expect(kinds).toEqual([[], [], [], ["connect"]]);
      }),
    );
  });
});

describe("X in natblaster case 4", () => {
  const run = (...events: XEvent[]): readonly XAction[] => {
    const machine = xMachine("natblaster-4");
    let state = machine.initial;
    let last: readonly XAction[] = [];
    for (const event of [{ kind: "paired", outside: OUTSIDE } as const, ...events])
      ({ state, actions: last } = machine.step(state, event));
    return last;
  };
  const told = (from: "a" | "b", message: Extract<XEvent, { kind: "told" }>["message"]): XEvent => ({
    kind: "told",
    from,
    message,
  });
  const [ready, flood] = [
    { t: "ready", endpoint: OUTSIDE.b },
    { t: "flood", isn: 77, count: 5 },
  ] as const;
  const hit = (ip: string) => ({ t: "hit", endpoint: { ip, port: 23_456 } }) as never;

  it("sprays only on A's word, and only once B's endpoint is known", () => {
    expect(run(told("b", ready), told("a", flood)).map(({ kind }) => kind)).toEqual(["spray"]);
    expect(run(told("a", flood))).toEqual([]);
    expect(run(told("b", ready), told("b", flood))).toEqual([]);
  });

  it("sweeps only on A's word, only once B's endpoint is known, and one sweep at a time", () => {
    const sweep = { t: "sweep", isn: 77 } as const;
    expect(run(told("b", ready), told("a", sweep)).map(({ kind }) => kind)).toEqual(["sweep", "sweep"]);
    expect(run(told("a", sweep))).toEqual([]);
    expect(run(told("b", ready), told("b", sweep))).toEqual([]);
    expect(run(told("b", ready), told("a", sweep), told("a", sweep))).toEqual([]);
  });

  it("sends no more of a sweep than the host has heard of, and none on B's word", () => {
    const sweep = { t: "sweep", isn: 77 } as const;
    const begun = [told("b", ready), told("a", sweep)];
    expect(run(...begun, told("a", { t: "heard" })).map(({ kind }) => kind)).toEqual(["sweep"]);
    expect(run(...begun, told("b", { t: "heard" }))).toEqual([]);
    expect(run(told("b", ready), told("a", { t: "heard" }))).toEqual([]);
  });

  it("takes a hit only from A and only at the address that A came from", () => {
    expect(run(told("b", ready), told("a", hit(OUTSIDE.a.ip))).map(({ kind }) => kind)).toEqual(["tell"]);
    expect(run(told("b", ready), told("a", hit("203.0.113.9")))).toEqual([]);
    expect(run(told("b", ready), told("b", hit(OUTSIDE.a.ip)))).toEqual([]);
  });

  it("forges nothing for a pair without a hit, though it has both SYNs", () => {
    const syns = (["a", "b"] as const).map((side) => told(side, { t: "syn", syn: SYN[side] }));
    expect(run(told("b", ready), ...syns)).toEqual([]);
  });
});
