import { describe, expect, it } from "vitest";
import type { FailureCode } from "../../../wire/attempt.ts";
import type { HostRole } from "../../../wire/rendezvous.ts";
import { simulate, type Delivery, type Network } from "./simulation.ts";

const PUNCH = { predictionOffset: 0, gapMs: 0, skewMs: 0 } as const;
const NORMAL = { name: "birthday-open", syn: "normal", sockets: 3, targets: 2, ...PUNCH } as const;
const LOW_TTL = { ...NORMAL, syn: "low-ttl" } as const;

const connected = (to: HostRole, socket: string): Delivery => ({ to, event: { kind: "connected", socket } });
const failed = (to: HostRole, socket: string, failure: FailureCode): Delivery => ({
  to,
  event: { kind: "connect-failed", socket, failure, detail: "as told" },
});

/** A's second socket meets B's first. */
const HIT: Network = {
  syn: (from, _nth, _atMs, { socket }) =>
    from === "a" && socket === "birthday-1" ? [connected("a", "birthday-1"), connected("b", "birthday-0")] : [],
};
const of = (role: "a" | "b", transcript: readonly string[]) => transcript.filter((line) => line.includes(` ${role} `));

describe("the birthday by simultaneous open", () => {
  it("lets B's SYNs out first, from one port to random ones of NA, then A's, from random ports to one of NB", () => {
    const transcript = simulate(LOW_TTL, HIT);
    expect(transcript.filter((line) => /^\d+ [ab] (connects|set-ttl|tells waiting)/.test(line))).toEqual([
      "6 b connects 6001 → 192.0.2.2:30000 ttl 3",
      "6 b connects 6001 → 192.0.2.2:30001 ttl 3",
      "26 b tells waiting",
      "28 a connects 20000 → 198.51.100.2:50001",
      "28 a connects 20001 → 198.51.100.2:50001",
      "28 a connects 20002 → 198.51.100.2:50001",
    ]);
    expect(transcript.slice(-4)).toEqual(["30 a choose", "30 b await-choice", "31 a adopt", "31 b adopt"]);
  });

  it("raises the TTL of B's sockets once A's SYNs are out, and no sooner", () => {
    const raised = simulate(LOW_TTL).filter((line) => /set-ttl|tells waiting/.test(line));
    expect(raised).toEqual(["26 b tells waiting", "48 a tells waiting", "50 b set-ttl 64", "50 b set-ttl 64"]);
  });

  it("measures no TTL where the far NAT is to drop B's SYNs", () => {
    const transcript = simulate(NORMAL, HIT);
    expect(transcript.filter((line) => /ttl/.test(line))).toEqual([]);
    expect(transcript.at(-1)).toMatch(/b adopt$/);
  });

  it("ends as no-collision once the kernels have repeated their SYNs in vain", () => {
    const transcript = simulate(NORMAL);
    expect(of("a", transcript).slice(-2)).toEqual([
      "3527 a tells failed no-collision",
      "3527 a gives up: no-collision",
    ]);
    expect(transcript.at(-1)).toBe("3529 b gives up: peer-failed");
  });

  it("ends as no-collision as soon as every socket of A's was refused", () => {
    const network: Network = {
      syn: (from, _nth, _atMs, { socket }) => (from === "a" ? [failed("a", socket, "peer-nat-reset")] : []),
    };
    expect(of("a", simulate(NORMAL, network)).at(-1)).toBe("28 a gives up: no-collision");
  });

  it("goes on where one socket is left", () => {
    const network: Network = {
      syn: (from, nth, atMs, connect) =>
        from === "a" && nth === 1
          ? [failed("a", connect.socket, "peer-nat-reset")]
          : HIT.syn!(from, nth, atMs, connect),
    };
    expect(simulate(NORMAL, network).slice(-2).join()).toMatch(/a adopt.*b adopt/);
  });

  it.each(["icmp-leak", "peer-nat-reset"] as const)("ends with %s where that ended every socket of B's", (failure) => {
    const network: Network = {
      syn: (from, _nth, _atMs, { socket }) => (from === "b" ? [failed("b", socket, failure)] : []),
    };
    expect(of("b", simulate(NORMAL, network)).at(-1)).toMatch(new RegExp(`b gives up: ${failure}$`));
  });
});
