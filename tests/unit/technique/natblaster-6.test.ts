import { describe, expect, it } from "vitest";
import { port } from "../../../wire/address.ts";
import { OUTSIDE, SYN, simulate, type Network } from "./simulation.ts";

const SPRAY = { name: "natblaster-6", search: "anchor", syn: "normal", anchors: 1, packets: 64_512 } as const;
const FOUND = { ip: OUTSIDE.a.ip, port: port(23_456) };
const ANSWERED = { kind: "answered", from: FOUND, localPort: 7007, own: SYN.b, peer: SYN.a } as const;
/** A's SYN is seen, X's first window finds its port, and B's SYNs meet it. */
const MEETING: Network = {
  syn: (from, _, __, { socket }) => [{ to: from, event: { kind: "syn-seen", socket, syn: SYN[from] } }],
  sweep: ({ first }) => (first === 0 ? { localPort: 5001, outsidePort: 23_456 } : undefined),
  sprayed: ({ ttl }) => (ttl === undefined ? [{ to: "b", event: ANSWERED }] : []),
};
const MISSING: Network = { ...MEETING, sprayed: () => [] };
const without = (words: RegExp, lines: readonly string[]): string[] => lines.filter((line) => !words.test(line));
const WINDOWS = /sweep(s|ing)|heard/;

describe("natblaster case 6, anchor and spray", () => {
  it("drops an anchor behind the port where X sees B, finds its port by a sweep, sprays, and injects what was answered", () => {
    expect(without(WINDOWS, simulate(SPRAY, MEETING))).toEqual([
      "0 x tells a paired",
      "0 x tells b paired",
      "0 x tells a peer 198.51.100.2:50001",
      "1 a choose-port",
      "2 a mutes resets to 198.51.100.2",
      "2 a connects 5001 → 198.51.100.2:50002",
      "3 a watches 5001 for a shifted sweep from 198.51.100.2:50002",
      "3 a tells sweep 100 50002",
      "5 a tells hit 192.0.2.2:23456",
      "6 x tells b peer 192.0.2.2:23456",
      "6 x tells a swept 8192",
      "7 b mutes resets to 192.0.2.2",
      "7 b sprays 192.0.2.2:23456 × 64512",
      "7 a searched with 8192 packets",
      "8 b injects 7007 → 192.0.2.2:23456 seq 200+1 ack 100+1",
      "9 b greet",
    ]);
  });

  it("with low TTL sprays twice, and A's socket is made to arrive between the two", () => {
    const lines = without(WINDOWS, simulate({ ...SPRAY, syn: "low-ttl" }, MEETING));
    expect(lines.slice(lines.findIndex((line) => line.includes("b sprays")))).toEqual([
      "7 b sprays 192.0.2.2:23456 × 64512 ttl 3",
      "7 a searched with 8192 packets",
      "8 b tells waiting",
      "9 x tells a peer-waiting",
      "10 a set-ttl 64",
      "10 a tells waiting",
      "11 x tells b peer-waiting",
      "12 b sprays 192.0.2.2:23456 × 64512",
      "13 b injects 7007 → 192.0.2.2:23456 seq 200+1 ack 100+1",
      "14 b greet",
    ]);
  });

  it("tries one anchor after the other, each one port and one local port further, and ends as no-collision", () => {
    const lines = simulate({ ...SPRAY, anchors: 3, packets: 10 }, MISSING);
    const dropped = lines.filter((line) => line.includes(" a connects ")).map((line) => line.replace(/^\d+ /, ""));
    expect(dropped).toEqual([
      "a connects 5001 → 198.51.100.2:50002",
      "a connects 5002 → 198.51.100.2:50003",
      "a connects 5003 → 198.51.100.2:50004",
    ]);
    expect(lines.filter((line) => line.includes("b tells missed 10"))).toHaveLength(3);
    expect(lines.slice(-4).map((line) => line.replace(/^\d+ /, ""))).toEqual([
      "a tells failed no-collision",
      "a gives up: no-collision",
      "x tells b peer-failed no-collision",
      "b gives up: peer-failed",
    ]);
  });

  it("ends as sweep-empty where X's ACKs find nothing", () => {
    const lines = simulate(SPRAY, { ...MEETING, sweep: () => undefined });
    expect(lines.at(-3)).toMatch(/a gives up: sweep-empty$/);
    expect(OUTSIDE.b.port).toBe(50_001);
  });
});
