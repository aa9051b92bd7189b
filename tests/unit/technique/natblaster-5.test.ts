import { describe, expect, it } from "vitest";
import { xMachine } from "../../../agents/technique/index.ts";
import type { XAction, XEvent } from "../../../agents/technique/machine.ts";
import type { Endpoint, Port } from "../../../wire/address.ts";
import type { HostRole } from "../../../wire/rendezvous.ts";
import { OUTSIDE, simulate, SYN, type Network } from "./simulation.ts";

const TWICE = { name: "natblaster-5", aims: 2, predictionOffset: 0, gapMs: 0, skewMs: 0 } as const;

/** Each side's n-th SYN leaves its NAT from the n-th of its ports; where there are no more, from the last. */
function nats(ports: Readonly<Record<HostRole, readonly number[]>>): Network {
  const sent = { a: 0, b: 0 };
  return {
    syn: (from) => [{ to: from, event: { kind: "syn-seen", socket: "punch", syn: SYN[from] } }],
    routed: (from) => at(from, ports[from][Math.min(sent[from]++, ports[from].length - 1)]!),
  };
}
const at = (role: HostRole, port: number): Endpoint => ({ ip: OUTSIDE[role].ip, port: port as Port });

const connects = (transcript: string[]): string[] =>
  transcript.filter((line) => line.includes("connects")).map((line) => line.replace(/^\d+ | by way of x$/g, ""));
const forges = (transcript: string[]): string[] => transcript.filter((line) => line.includes("forges"));

describe("natblaster case 5", () => {
  it("aims A at a guess, B at A's port, A again at B's, and has X answer once they meet", () => {
    const transcript = simulate(TWICE, nats({ a: [61_000], b: [62_000] }));
    expect(transcript.slice(2)).toEqual([
      "0 x tells b paired",
      "1 a predict",
      "1 b predict",
      "2 a tells ready 192.0.2.2:40001",
      "2 b tells ready 198.51.100.2:50001",
      "3 x tells a peer 198.51.100.2:50001",
      "4 a waits 0 for punch",
      "4 a connects 5001 → 198.51.100.2:50001 by way of x",
      "5 x tells b peer 192.0.2.2:61000",
      "6 b waits 0 for punch",
      "6 b connects 6001 → 192.0.2.2:61000 by way of x",
      "7 x tells a peer 198.51.100.2:62000",
      "8 a connects 5001 → 198.51.100.2:62000 by way of x",
      "9 x forges 198.51.100.2:62000 → 192.0.2.2:61000 seq 200 ack 100+1",
      "9 x forges 192.0.2.2:61000 → 198.51.100.2:62000 seq 100 ack 200+1",
      "9 x waits 200 for repeat-200",
      "9 x waits 600 for repeat-600",
      "9 x waits 1000 for give-up",
      "10 a leave-route",
      "10 a set-ttl 64",
      "10 a tells established",
      "10 b leave-route",
      "10 b set-ttl 64",
      "10 b tells established",
      "11 x tells a open",
      "11 x tells b open",
      "12 a greet",
      "12 b greet",
      "13 a adopt",
      "13 b adopt",
    ]);
  });

  it("meets at once where the guess is right", () => {
    const transcript = simulate({ ...TWICE, aims: 1 }, nats({ a: [61_000], b: [OUTSIDE.b.port] }));
    expect(connects(transcript)).toHaveLength(2);
    expect(transcript.at(-1)).toMatch(/b adopt$/);
  });

  it("has B aim again where A's port moved, and meets as long as B's stays", () => {
    const transcript = simulate(TWICE, nats({ a: [61_000, 61_500], b: [62_000] }));
    expect(connects(transcript)).toEqual([
      "a connects 5001 → 198.51.100.2:50001",
      "b connects 6001 → 192.0.2.2:61000",
      "a connects 5001 → 198.51.100.2:62000",
      "b connects 6001 → 192.0.2.2:61500",
    ]);
    expect(forges(transcript)).toHaveLength(2);
    expect(transcript.at(-1)).toMatch(/b adopt$/);
  });

  it("ends after as many SYNs of a side as it may send, and the other learns why", () => {
    const transcript = simulate(TWICE, nats({ a: [61_000, 61_500], b: [62_000, 62_500] }));
    expect(connects(transcript)).toHaveLength(4);
    expect(forges(transcript)).toEqual([]);
    expect(transcript.filter((line) => line.includes("gives up"))).toEqual([
      "12 a gives up: peer-port-moved",
      "14 b gives up: peer-failed",
    ]);
  });

  it("with one SYN of each, as far as the paper goes, ends where the guess was wrong", () => {
    const transcript = simulate({ ...TWICE, aims: 1 }, nats({ a: [61_000], b: [62_000] }));
    expect(connects(transcript)).toHaveLength(2);
    expect(transcript).toContain("8 a gives up: peer-port-moved");
  });
});

describe("X in case 5", () => {
  const machine = xMachine("natblaster-5");
  const play = (...events: XEvent[]): readonly XAction[] => {
    let state = machine.initial;
    return events.flatMap((event) => {
      const step = machine.step(state, event);
      state = step.state;
      return step.actions;
    });
  };
  const ready = (from: HostRole): XEvent => ({
    kind: "told",
    from,
    message: { t: "ready", endpoint: OUTSIDE[from] },
  });
  const BEGUN: readonly XEvent[] = [{ kind: "paired", outside: OUTSIDE }, ready("a"), ready("b")];
  const routed = (from: Endpoint, to: Endpoint, isn = 1): XEvent => ({
    kind: "routed-syn",
    from,
    to,
    syn: { ...SYN.a, isn },
  });
  const told = (actions: readonly XAction[]) => actions.filter((action) => action.kind === "tell").length;

  it("reads no port off a SYN that its NAT did not translate, that was aimed elsewhere, or that it has read", () => {
    const begun = told(play(...BEGUN));
    expect(told(play(...BEGUN, routed({ ...at("a", 61_000), ip: OUTSIDE.b.ip }, OUTSIDE.b)))).toBe(begun);
    expect(told(play(...BEGUN, routed(at("a", 61_000), at("b", 1))))).toBe(begun);
    const read = routed(at("a", 61_000), OUTSIDE.b);
    expect(told(play(...BEGUN, read))).toBe(begun + 1);
    expect(told(play(...BEGUN, read, read))).toBe(begun + 1);
  });

  it("takes no host's word for a SYN", () => {
    const claims = (["a", "b"] as const).map((from): XEvent => ({
      kind: "told",
      from,
      message: { t: "syn", syn: SYN[from] },
    }));
    expect(play(...BEGUN, ...claims).filter(({ kind }) => kind === "forge-syn-ack")).toEqual([]);
  });

  it("sends nobody to a ninth port, whatever passes by", () => {
    const passing = Array.from({ length: 40 }, (_, n) => routed(at("a", 10_000 + n), OUTSIDE.b, n));
    const actions = play(...BEGUN, ...passing);
    const sent = actions.filter((one) => one.kind === "tell" && one.to === "b" && one.message.t === "peer");
    expect(sent).toHaveLength(8);
    expect(actions.filter((one) => one.kind === "tell" && one.message.t === "peer-failed")).not.toEqual([]);
  });
});
