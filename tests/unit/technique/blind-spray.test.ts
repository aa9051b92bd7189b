import { describe, expect, it } from "vitest";
import { seededDraws, seededPorts } from "../../../wire/seeded.ts";
import type { HostEvent, HostMachine } from "../../../agents/technique/machine.ts";
import { natblaster6Host } from "../../../agents/technique/natblaster-6.ts";
import { port } from "../../../wire/address.ts";
import { OUTSIDE, simulate, SYN, type Delivery, type Network } from "./simulation.ts";

const BLIND = { name: "natblaster-6", search: "blind", syn: "normal", anchors: 1, packets: 64_512 } as const;
/** What comes to a host whose spray goes to the `anchor`-th port. */
const hitOf = (role: "a" | "b", localPort: number, anchor = 0) => {
  const from =
    role === "a" ? { ip: OUTSIDE.b.ip, port: port(50_002 + anchor) } : { ip: OUTSIDE.a.ip, port: port(1_025 + anchor) };
  return { from, localPort, own: SYN[role], peer: SYN[role === "a" ? "b" : "a"] };
};
const met = (to: "a" | "b", anchor = 0): Delivery => ({ to, event: { kind: "met", ...hitOf(to, 7007, anchor) } });
/** B's SYN, sent when NA was open, reaches A, whose SYN+ACK reaches B. */
const MEETING: Network = {
  sprayed: ({ ttl }, from) => (from === "b" && ttl === undefined ? [met("a")] : []),
  met: (from) => (from === "a" ? [{ to: "b", event: { kind: "answered", ...hitOf("b", 8008) } }] : []),
};
const withoutTimes = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/^\d+ /, ""));

describe("natblaster case 6, blind", () => {
  it("both spray at the port behind the one where the other is seen, and X says no more than where", () => {
    const lines = withoutTimes(simulate(BLIND, MEETING));
    expect(lines.filter((line) => line.includes("sprays"))).toEqual([
      "a sprays 198.51.100.2:50002 × 64512",
      "b sprays 192.0.2.2:1025 × 64512",
    ]);
    expect(lines.filter((line) => line.startsWith("x"))).toEqual([
      "x tells a paired",
      "x tells b paired",
      "x tells a peer 198.51.100.2:50001",
      "x tells b peer 192.0.2.2:999",
      "x tells b peer-missed 64512",
      "x tells a peer-missed 64512",
      "x tells b peer-waiting",
      "x tells a peer-waiting",
    ]);
  });

  it("who meets the other's SYN answers it, both inject, and greet once both have", () => {
    const lines = withoutTimes(simulate(BLIND, MEETING));
    const from = lines.findIndex((line) => line.includes("answers"));
    expect(lines.slice(from).filter((line) => !/tells|no-answer/.test(line))).toEqual([
      "a answers 198.51.100.2:50002 from 7007 seq 100 ack 200+1",
      "a injects 7007 → 198.51.100.2:50002 seq 100+1 ack 200+1",
      "a waits 300 for again",
      "b injects 8008 → 192.0.2.2:1025 seq 200+1 ack 100+1",
      "b waits 300 for again",
      "b greet",
      "a greet",
      "b adopt",
      "a adopt",
    ]);
  });

  it("with low TTL both spray once, and B again when both NATs are open", () => {
    const lines = withoutTimes(simulate({ ...BLIND, syn: "low-ttl" }, MEETING));
    expect(lines.filter((line) => line.includes("sprays"))).toEqual([
      "a sprays 198.51.100.2:50002 × 64512 ttl 3",
      "b sprays 192.0.2.2:1025 × 64512 ttl 3",
      "b sprays 192.0.2.2:1025 × 64512",
    ]);
    expect(lines.slice(-2).toSorted()).toEqual(["a adopt", "b adopt"]);
  });

  it("answers once more where nothing follows, and greets all the same", () => {
    const lines = withoutTimes(simulate(BLIND, { ...MEETING, met: () => [] }));
    const answers = lines.filter((line) => line.startsWith("a answers"));
    expect(answers).toHaveLength(2);
    expect(lines).toContain("a greet");
  });

  it.each(["normal", "low-ttl"] as const)("ends as no-collision where none of the SYNs met, %s", (syn) => {
    const lines = withoutTimes(simulate({ ...BLIND, syn, packets: 10 }, {}));
    expect(lines.filter((line) => line.includes("gives up")).some((line) => /no-collision/.test(line))).toBe(true);
    expect(lines.filter((line) => line.includes("gives up"))).toHaveLength(2);
  });

  it.each(["normal", "low-ttl"] as const)("where none met both aim at the next port, %s", (syn) => {
    const lines = withoutTimes(simulate({ ...BLIND, syn, anchors: 2, packets: 10 }, {}));
    const sprays = lines.filter((line) => line.includes("sprays"));
    const ttl = syn === "normal" ? "" : " ttl 3";
    expect(sprays.filter((line) => line.startsWith("a"))).toEqual([
      `a sprays 198.51.100.2:50002 × 10${ttl}`,
      `a sprays 198.51.100.2:50003 × 10${ttl}`,
    ]);
    const twice = syn === "normal" ? 1 : 2; // B's second pass arrives
    expect(sprays.filter((line) => line.startsWith("b")).map((line) => line.split(" ")[2])).toEqual([
      ...Array.from({ length: twice }, () => "192.0.2.2:1025"),
      ...Array.from({ length: twice }, () => "192.0.2.2:1026"),
    ]);
    expect(lines.filter((line) => line.includes("gives up"))).toHaveLength(2);
  });

  it("meets at the second port as at the first", () => {
    const late: Network = {
      sprayed: ({ to }, from) => (from === "b" && to.port === 1026 ? [met("a", 1)] : []),
      met: (from) => (from === "a" ? [{ to: "b", event: { kind: "answered", ...hitOf("b", 8008, 1) } }] : []),
    };
    const lines = withoutTimes(simulate({ ...BLIND, anchors: 2, packets: 10 }, late));
    expect(lines).toContain("a injects 7007 → 198.51.100.2:50003 seq 100+1 ack 200+1");
    expect(lines).toContain("b injects 8008 → 192.0.2.2:1026 seq 200+1 ack 100+1");
    expect(lines.slice(-2).toSorted()).toEqual(["a adopt", "b adopt"]);
  });

  describe("at each of the ports", () => {
    /** A's machine, with both NATs known; what it is told answers with the kinds of its actions. */
    const begun = () => {
      const machine = natblaster6Host("a", { ...BLIND, anchors: 2, packets: 10 }) as HostMachine<unknown>;
      let { initial: state } = machine;
      const after = (event: HostEvent): readonly string[] => {
        const step = machine.step(state, event);
        ({ state } = step);
        return step.actions.map(({ kind }) => kind);
      };
      after({ kind: "told", message: { t: "welcome", v: 1, observed: OUTSIDE.a } });
      expect(after({ kind: "told", message: { t: "peer", endpoint: OUTSIDE.b } })).toContain("spray-syns");
      return after;
    };
    const missed = (count: number): HostEvent => ({ kind: "told", message: { t: "peer-missed", count } });
    const waited: HostEvent = { kind: "elapsed", timer: "no-answer" };
    const sprayed: HostEvent = { kind: "syns-sprayed", count: 10 };

    it("has heard a peer that was quicker, and is through with the second already", () => {
      const after = begun();
      expect(after(sprayed)).toEqual(["tell"]);
      expect(after(missed(10))).toEqual(["wait"]);
      expect(after(missed(20))).toEqual([]);
      expect(after(waited)).toEqual(["spray-syns"]);
      expect(after(sprayed)).toEqual(["tell", "wait"]);
      expect(after(waited)).toEqual(["tell", "give-up"]);
    });

    it("waits for a peer that is slower, and has missed at the first alone", () => {
      const after = begun();
      after(sprayed);
      after(missed(10));
      expect(after(waited)).toEqual(["spray-syns"]);
      expect(after(sprayed)).toEqual(["tell"]);
      expect(after(missed(20))).toEqual(["wait"]);
    });
  });

  it.each([0.25, 0.5, 0.7071, 1])("of %f of the ports each, two sides meet with the square of it", (share) => {
    const ports = { from: 1, to: 400 };
    const packets = Math.round(400 * share);
    const draws = seededDraws(`meeting/${share}`);
    const tries = 4_000;
    let meetings = 0;
    for (let n = 0; n < tries; n += 1) {
      // each NAT gives the SYNs to one destination distinct ports
      const [x, y] = [draws.next().value, draws.next().value].map((draw) => 1 + Math.floor(draw * 400));
      const from = (side: string): number[] => seededPorts(`${share}/${n}/${side}`, packets, ports);
      if (from("a").includes(x!) && from("b").includes(y!)) meetings += 1;
    }
    const expected = (packets / 400) ** 2;
    const sigma = Math.sqrt((expected * (1 - expected)) / tries);
    expect(Math.abs(meetings / tries - expected)).toBeLessThanOrEqual(4 * sigma);
  });
});
