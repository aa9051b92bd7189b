import { describe, expect, it } from "vitest";
import { simulate, SYN, type Network } from "./simulation.ts";

const NORMAL = { name: "natblaster-2", syn: "normal", synAck: "x", predictionOffset: 0, gapMs: 0, skewMs: 0 } as const;
const SELF = { ...NORMAL, synAck: "self" } as const;
const LOW_TTL = { ...NORMAL, syn: "low-ttl" } as const;

/** Every SYN dies on the way, and its sender sees it leave. */
const DYING: Network = {
  syn: (from) => [{ to: from, event: { kind: "syn-seen", socket: "punch", syn: SYN[from] } }],
};
const forgeriesOf = (transcript: string[]) => transcript.filter((line) => line.includes("x forges"));

const FORGED_FOR_A = "x forges 198.51.100.2:50001 → 192.0.2.2:40001 seq 200 ack 100+1";
const FORGED_FOR_B = "x forges 192.0.2.2:40001 → 198.51.100.2:50001 seq 100 ack 200+1";

describe("natblaster case 2", () => {
  it("with normal SYNs: both SYNs are reported, X forges both answers, both greet once both are established", () => {
    expect(simulate(NORMAL, DYING)).toEqual([
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
      "4 a connects 5001 → 198.51.100.2:50001",
      "4 b connects 6001 → 192.0.2.2:40001",
      "5 a tells syn isn 100",
      "5 b tells syn isn 200",
      `6 ${FORGED_FOR_A}`,
      `6 ${FORGED_FOR_B}`,
      "6 x waits 200 for repeat-200",
      "6 x waits 600 for repeat-600",
      "6 x waits 1000 for give-up",
      "7 a set-ttl 64",
      "7 a tells established",
      "7 b set-ttl 64",
      "7 b tells established",
      "8 x tells a open",
      "8 x tells b open",
      "9 a greet",
      "9 b greet",
      "10 a adopt",
      "10 b adopt",
    ]);
  });

  it("with low-TTL SYNs measures the TTL first, punches with it and raises it only when connected", () => {
    const own = simulate(LOW_TTL, DYING).filter((line) => line.includes(" a "));
    expect(own.slice(1, 9)).toEqual([
      "1 a measure-ttl",
      "2 a predict",
      "3 a tells ready 192.0.2.2:40001",
      "4 x tells a peer 198.51.100.2:50001",
      "5 a waits 0 for punch",
      "5 a connects 5001 → 198.51.100.2:50001 ttl 3",
      "6 a tells syn isn 100",
      "8 a set-ttl 64",
    ]);
  });

  it("forges nothing as long as only one SYN is known", () => {
    const onlyA: Network = { syn: (from, ...rest) => (from === "a" ? DYING.syn!(from, ...rest) : []) };
    expect(forgeriesOf(simulate(NORMAL, onlyA))).toEqual([]);
  });

  it("forges once both SYNs are known, though the second comes later", () => {
    expect(forgeriesOf(simulate({ ...NORMAL, gapMs: 30, skewMs: 300 }, DYING))).toEqual([
      `336 ${FORGED_FOR_A}`,
      `336 ${FORGED_FOR_B}`,
    ]);
  });

  it("repeats after 200 and 600 ms for the side that has not reported, and opens late", () => {
    const transcript = simulate(NORMAL, { ...DYING, synAck: (to, nth) => to === "a" || nth === 3 });
    expect(forgeriesOf(transcript)).toEqual([
      `6 ${FORGED_FOR_A}`,
      `6 ${FORGED_FOR_B}`,
      `206 ${FORGED_FOR_B}`,
      `606 ${FORGED_FOR_B}`,
    ]);
    expect(transcript.slice(-6)).toEqual([
      "608 x tells a open",
      "608 x tells b open",
      "609 a greet",
      "609 b greet",
      "610 a adopt",
      "610 b adopt",
    ]);
  });

  it("gives up 1000 ms after the first forgery and tells both sides", () => {
    const transcript = simulate(NORMAL, { ...DYING, synAck: () => false });
    expect(forgeriesOf(transcript)).toHaveLength(6);
    expect(transcript.slice(-4)).toEqual([
      "1006 x tells a peer-failed no answer to the forged SYN+ACKs",
      "1006 x tells b peer-failed no answer to the forged SYN+ACKs",
      "1007 a gives up: peer-failed",
      "1007 b gives up: peer-failed",
    ]);
  });

  it("with SYN+ACKs of the hosts' own: X swaps the SYNs and forges nothing, each host answers the other's", () => {
    expect(simulate(SELF, DYING).slice(12, 25)).toEqual([
      "5 a tells syn isn 100 true",
      "5 b tells syn isn 200 true",
      "6 x tells b peer-syn isn 100",
      "6 x tells a peer-syn isn 200",
      "6 x waits 200 for repeat-200",
      "6 x waits 600 for repeat-600",
      "6 x waits 1000 for give-up",
      "7 b waits 0 for answer",
      "7 a waits 0 for answer",
      "7 b answers SYN isn 100",
      "7 a answers SYN isn 200",
      "8 a set-ttl 64",
      "8 a tells established",
    ]);
    expect(simulate(SELF, DYING).at(-1)).toMatch(/b adopt$/);
    expect(forgeriesOf(simulate(SELF, DYING))).toEqual([]);
  });

  it("has B answer later than A by the skew, so that no two SYN+ACKs meet in a NAT", () => {
    expect(simulate({ ...SELF, skewMs: 40 }, DYING).filter((line) => / a?b? ?answers SYN/.test(line))).toEqual([
      expect.stringMatching(/^47 a answers/),
      expect.stringMatching(/^87 b answers/),
    ]);
  });

  it("has a host answer again for a peer that has not reported, and for no other", () => {
    const transcript = simulate(SELF, { ...DYING, synAck: (to, nth) => to === "a" || nth === 3 });
    expect(transcript.filter((line) => line.includes("answers SYN"))).toEqual([
      "7 b answers SYN isn 100",
      "7 a answers SYN isn 200",
      "207 a answers SYN isn 200",
      "607 a answers SYN isn 200",
    ]);
    expect(transcript.at(-1)).toMatch(/b adopt$/);
  });

  it("is STUNT #1, action by action", () => {
    for (const network of [DYING, {}, { ...DYING, synAck: () => false }])
      for (const spec of [NORMAL, LOW_TTL])
        expect(simulate({ ...spec, name: "stunt-1" }, network)).toEqual(simulate(spec, network));
  });

  it("ends when an ICMP error or a RST ends one side's connect", () => {
    const killed = { kind: "connect-failed", socket: "punch", failure: "icmp-leak", detail: "EHOSTUNREACH" } as const;
    const transcript = simulate(LOW_TTL, {
      syn: (from, ...rest) => [...DYING.syn!(from, ...rest), ...(from === "a" ? [{ to: from, event: killed }] : [])],
    });
    expect(transcript).toContain("6 a gives up: icmp-leak");
    expect(transcript).toContain("8 b gives up: peer-failed");
    expect(transcript.some((line) => line.includes("adopt"))).toBe(false);
  });
});
