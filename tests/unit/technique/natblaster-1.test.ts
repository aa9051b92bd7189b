import { describe, expect, it } from "vitest";
import { xMachine } from "../../../agents/technique/index.ts";
import type { XAction, XEvent } from "../../../agents/technique/machine.ts";
import type { Endpoint } from "../../../wire/address.ts";
import type { HostRole } from "../../../wire/rendezvous.ts";
import { endpoint } from "../verdict/falsify.ts";
import { OUTSIDE, simulate, SYN, type Network } from "./simulation.ts";

const PUNCH = { predictionOffset: 0, gapMs: 0, skewMs: 0 };
const CASE_1 = { name: "natblaster-1", assist: "none", ...PUNCH } as const;
const ASSISTED_1 = { ...CASE_1, assist: "low-ttl-copy" } as const;
const CASE_3 = { ...CASE_1, name: "natblaster-3" } as const;

/** Where NA really lets A's SYN out in case 3. */
const RANDOM = { ...OUTSIDE.a, port: endpoint("", 61_234).port };

/** Every SYN is seen by its sender and comes by way of X; NATs give the ports that `given` says. */
const forwarding = (given: Readonly<Record<HostRole, Endpoint>> = OUTSIDE): Network => ({
  syn: (from) => [{ to: from, event: { kind: "syn-seen", socket: "punch", syn: SYN[from] } }],
  routed: (from) => given[from],
});

describe("natblaster case 1", () => {
  it("sends both SYNs by way of X, which holds them back, answers both, and is left once connected", () => {
    expect(simulate(CASE_1, forwarding())).toEqual([
      "0 x watch-routed-syns",
      "0 x tells a paired",
      "0 x tells b paired",
      "1 a predict",
      "1 b predict",
      "2 a tells ready 192.0.2.2:40001",
      "2 b tells ready 198.51.100.2:50001",
      "3 x tells a peer 198.51.100.2:50001",
      "3 x tells b peer 192.0.2.2:40001",
      "4 a waits 0 for punch",
      "4 b waits 0 for punch",
      "4 a connects 5001 → 198.51.100.2:50001 by way of x",
      "4 b connects 6001 → 192.0.2.2:40001 by way of x",
      "5 x forges 198.51.100.2:50001 → 192.0.2.2:40001 seq 200 ack 100+1",
      "5 x forges 192.0.2.2:40001 → 198.51.100.2:50001 seq 100 ack 200+1",
      "5 x waits 200 for repeat-200",
      "5 x waits 600 for repeat-600",
      "5 x waits 1000 for give-up",
      "6 a leave-route",
      "6 a set-ttl 64",
      "6 a tells established",
      "6 b leave-route",
      "6 b set-ttl 64",
      "6 b tells established",
      "7 x tells a open",
      "7 x tells b open",
      "8 a greet",
      "8 b greet",
      "9 a adopt",
      "9 b adopt",
    ]);
  });

  it("assisted measures the TTL, copies each SYN, and X answers no sooner than 60 ms after the second", () => {
    const transcript = simulate(ASSISTED_1, forwarding());
    expect(transcript.filter((line) => /measure|copies|forges|answer|ready/.test(line))).toEqual([
      "1 a measure-ttl",
      "1 b measure-ttl",
      "3 a tells ready 192.0.2.2:40001 true",
      "3 b tells ready 198.51.100.2:50001 true",
      "6 a copies its SYN with ttl 3",
      "6 b copies its SYN with ttl 3",
      "6 x waits 60 for answer",
      "66 x forges 198.51.100.2:50001 → 192.0.2.2:40001 seq 200 ack 100+1",
      "66 x forges 192.0.2.2:40001 → 198.51.100.2:50001 seq 100 ack 200+1",
    ]);
    expect(transcript.at(-1)).toMatch(/b adopt$/);
  });

  it("whose SYNs are dropped on the way to X forges nothing and tells X no ISN", () => {
    const { routed: _, ...dropping } = forwarding();
    expect(simulate(CASE_1, dropping).filter((line) => /forges|tells syn/.test(line))).toEqual([]);
  });

  it("reads a SYN that its NAT let out untranslated, whose answer then finds the NAT closed", () => {
    const network = { ...forwarding({ ...OUTSIDE, a: endpoint("10.1.0.2", 5001) }), synAck: () => false };
    const transcript = simulate(CASE_1, network);
    expect(transcript.filter((line) => line.includes("x forges"))).toHaveLength(6);
    expect(transcript.filter((line) => line.includes("gives up: peer-failed"))).toHaveLength(2);
  });
});

describe("natblaster case 3", () => {
  it("lets A's SYN go first, reads NA's port off it for B, and answers both once B's came by", () => {
    const transcript = simulate(CASE_3, forwarding({ ...OUTSIDE, a: RANDOM }));
    expect(transcript.filter((line) => /peer|connects|forges/.test(line))).toEqual([
      "3 x tells a peer 198.51.100.2:50001",
      "4 a connects 5001 → 198.51.100.2:50001 by way of x",
      "5 x tells b peer 192.0.2.2:61234",
      "6 b connects 6001 → 192.0.2.2:61234 by way of x",
      "7 x forges 198.51.100.2:50001 → 192.0.2.2:61234 seq 200 ack 100+1",
      "7 x forges 192.0.2.2:61234 → 198.51.100.2:50001 seq 100 ack 200+1",
    ]);
    expect(transcript.at(-1)).toMatch(/b adopt$/);
  });

  it("tells B nothing where A's SYN comes under another address than that of A's NAT", () => {
    const transcript = simulate(CASE_3, forwarding({ ...OUTSIDE, a: endpoint("10.1.0.2", 5001) }));
    expect(transcript.filter((line) => /tells b peer|forges/.test(line))).toEqual([]);
  });
});

describe("X, where SYNs come by way of it,", () => {
  const run = (name: "natblaster-1" | "natblaster-3", ...events: XEvent[]): readonly XAction[] => {
    const machine = xMachine(name);
    let state = machine.initial;
    return [{ kind: "paired", outside: OUTSIDE } as const, ...events].flatMap((event) => {
      const step = machine.step(state, event);
      state = step.state;
      return step.actions;
    });
  };
  const ready = (["a", "b"] as const).map((from): XEvent => ({
    kind: "told",
    from,
    message: { t: "ready", endpoint: OUTSIDE[from] },
  }));
  const routed = (from: HostRole, to: Endpoint): XEvent => ({
    kind: "routed-syn",
    from: OUTSIDE[from],
    to,
    syn: SYN[from],
  });
  const forged = (actions: readonly XAction[]) => actions.filter(({ kind }) => kind === "forge-syn-ack");

  it.each(["natblaster-1", "natblaster-3"] as const)("in %s takes no host's word for a SYN", (name) => {
    const told = (["a", "b"] as const).map((from): XEvent => ({
      kind: "told",
      from,
      message: { t: "syn", syn: SYN[from] },
    }));
    expect(forged(run(name, ...ready, ...told))).toEqual([]);
  });

  it.each(["natblaster-1", "natblaster-3"] as const)("in %s answers only what was meant for the two", (name) => {
    const other = endpoint(OUTSIDE.b.ip, 1);
    expect(forged(run(name, ...ready, routed("a", other), routed("b", OUTSIDE.a)))).toEqual([]);
    expect(forged(run(name, ...ready, routed("a", OUTSIDE.b), routed("b", OUTSIDE.a)))).toHaveLength(2);
  });

  it("is not moved by SYNs that are repeated", () => {
    const twice = [routed("a", OUTSIDE.b), routed("a", OUTSIDE.b), routed("b", OUTSIDE.a), routed("b", OUTSIDE.a)];
    expect(forged(run("natblaster-1", ...ready, ...twice))).toHaveLength(2);
  });
});
