import { describe, expect, it } from "vitest";
import { hostMachine } from "../../../agents/technique/index.ts";
import type { HostEvent } from "../../../agents/technique/machine.ts";
import type { FailureCode } from "../../../wire/attempt.ts";
import type { HostRole } from "../../../wire/rendezvous.ts";
import { PEER_WINS, playAccepted } from "./accepted.ts";
import { INSIDE, OUTSIDE, simulate, SYN, type Delivery, type Network } from "./simulation.ts";

const PUNCH = { predictionOffset: 0, gapMs: 0, skewMs: 0 } as const;
const KEPT = { name: "stunt-2", syn: "low-ttl", socket: "kept", ...PUNCH } as const;
const ABORTED = { ...KEPT, socket: "aborted" } as const;
const SEQUENTIAL = { name: "sequential-open", doomedMs: 100, ...PUNCH } as const;

const seen = (to: HostRole): Delivery => ({ to, event: { kind: "syn-seen", socket: "punch", syn: SYN[to] } });
const connected = (to: HostRole): Delivery => ({ to, event: { kind: "connected", socket: "punch" } });
const failed = (to: HostRole, failure: FailureCode): Delivery => ({
  to,
  event: { kind: "connect-failed", socket: "punch", failure, detail: "as told" },
});

/** A's SYN dies on the way, B's comes through the hole that it made. */
const OPEN: Network = { syn: (from) => (from === "a" ? [seen("a")] : [seen("b"), connected("a"), connected("b")]) };
/** A's SYN is answered with an error, and B's comes through all the same. */
const answered = (failure: FailureCode, ...more: Delivery[]): Network => ({
  syn: (from, ...rest) => (from === "a" ? [failed("a", failure), ...more] : OPEN.syn!(from, ...rest)),
});

/** What follows the introduction. */
const after = (transcript: string[]) => transcript.slice(transcript.findIndex((line) => line.includes("waits 0")) + 1);

describe("STUNT #2 with the socket kept", () => {
  it("opens A's NAT with a low-TTL SYN, raises the TTL once the SYN is out, and only then lets B connect", () => {
    expect(simulate(KEPT, OPEN)).toEqual([
      "0 x tells a paired",
      "0 x tells b paired",
      "1 a measure-ttl",
      "1 b predict",
      "2 a predict",
      "2 b tells ready 198.51.100.2:50001",
      "3 a tells ready 192.0.2.2:40001",
      "4 x tells a peer 198.51.100.2:50001",
      "4 x tells b peer 192.0.2.2:40001",
      "5 a waits 0 for punch",
      "5 a connects 5001 → 198.51.100.2:50001 ttl 3",
      "6 a set-ttl 64",
      "6 a tells waiting",
      "7 x tells b peer-waiting",
      "8 b waits 0 for punch",
      "8 b connects 6001 → 192.0.2.2:40001",
      "9 a greet",
      "9 b greet",
      "10 a adopt",
      "10 b adopt",
    ]);
  });

  it("measures no TTL where the far NAT is to drop the SYN", () => {
    const transcript = simulate({ ...KEPT, syn: "normal" }, OPEN);
    expect(transcript.filter((line) => line.includes("ttl 3") || line.includes("measure"))).toEqual([]);
    expect(transcript).toContain("4 a connects 5001 → 198.51.100.2:50001");
  });

  it.each(["icmp-leak", "peer-nat-reset"] as const)(
    "ends with %s, because that socket is what B would meet",
    (failure) => {
      expect(after(simulate(KEPT, answered(failure)))).toEqual([
        "5 a connects 5001 → 198.51.100.2:50001 ttl 3",
        `6 a tells failed ${failure}`,
        `6 a gives up: ${failure}`,
        `7 x tells b peer-failed ${failure}`,
        "8 b gives up: peer-failed",
      ]);
    },
  );
});

describe("STUNT #2 as published", () => {
  it("aborts the attempt once the SYN is out, listens on its port, and only then lets B connect", () => {
    expect(after(simulate(ABORTED, OPEN)).slice(0, 7)).toEqual([
      "5 a connects 5001 → 198.51.100.2:50001 ttl 3",
      "6 a abort",
      "6 a listens 5001",
      "7 a tells waiting",
      "8 x tells b peer-waiting",
      "9 b waits 0 for punch",
      "9 b connects 6001 → 192.0.2.2:40001",
    ]);
    expect(simulate(ABORTED, OPEN).slice(-2)).toEqual(["11 a adopt", "11 b adopt"]);
  });

  it("goes on after an ICMP error, which came to a socket that was to be aborted, and listens once", () => {
    const transcript = simulate(ABORTED, answered("icmp-leak", seen("a")));
    expect(transcript.filter((line) => line.includes("listens"))).toEqual(["6 a listens 5001"]);
    expect(transcript.slice(-2)).toEqual(["11 a adopt", "11 b adopt"]);
  });

  it("ends where the port cannot be had", () => {
    expect(simulate(ABORTED, answered("port-busy"))).toContain("6 a gives up: port-busy");
  });
});

describe("sequential open", () => {
  const silent: Network = { syn: (from, ...rest) => (from === "a" ? [] : OPEN.syn!(from, ...rest)) };

  it("gives A's connect so long as doomedMs says, without ever seeing the SYN, then listens and lets B connect", () => {
    expect(after(simulate(SEQUENTIAL, silent))).toEqual([
      "4 a connects 5001 → 198.51.100.2:50001",
      "4 a waits 100 for doomed",
      "104 a abort",
      "104 a listens 5001",
      "105 a tells waiting",
      "106 x tells b peer-waiting",
      "107 b waits 0 for punch",
      "107 b connects 6001 → 192.0.2.2:40001",
      "108 a greet",
      "108 b greet",
      "109 a adopt",
      "109 b adopt",
    ]);
  });

  it("listens at once where the connect is refused, and only once", () => {
    const transcript = simulate(SEQUENTIAL, answered("peer-nat-reset"));
    expect(transcript.filter((line) => line.includes("listens"))).toEqual(["5 a listens 5001"]);
    expect(transcript.slice(-2)).toEqual(["10 a adopt", "10 b adopt"]);
  });

  it("waits gapMs before A's SYN, and B skewMs more after its turn came", () => {
    const transcript = simulate({ ...SEQUENTIAL, gapMs: 30, skewMs: 20 }, silent);
    expect(transcript.filter((line) => line.includes("connects"))).toEqual([
      "34 a connects 5001 → 198.51.100.2:50001",
      "157 b connects 6001 → 192.0.2.2:40001",
    ]);
  });

  it("B ends when its connect fails, and lets A know", () => {
    const refusedB: Network = { syn: (from) => (from === "a" ? [] : [failed("b", "peer-nat-reset")]) };
    expect(simulate(SEQUENTIAL, refusedB).slice(-4)).toEqual([
      "108 b tells failed peer-nat-reset",
      "108 b gives up: peer-nat-reset",
      "109 x tells a peer-failed peer-nat-reset",
      "110 a gives up: peer-failed",
    ]);
  });
});

describe("A, once it listens behind its open NAT,", () => {
  const introduced: readonly HostEvent[] = [
    { kind: "predicted", prediction: { localPort: 5001, outside: OUTSIDE.a }, localAddress: INSIDE.a },
    { kind: "told", message: { t: "peer", endpoint: OUTSIDE.b } },
    { kind: "elapsed", timer: "punch" },
  ];
  it.each([
    ["sequential open", SEQUENTIAL, { kind: "elapsed", timer: "doomed" }],
    ["STUNT #2 as published", { ...ABORTED, syn: "normal" }, { kind: "syn-seen", socket: "punch", syn: SYN.a }],
  ] as const)(
    "goes on past whoever it accepted that is not the peer, and adopts the peer: %s",
    (_, technique, open) => {
      const listening = [...introduced, open, { kind: "listening", socket: "punch" } as const];
      expect(playAccepted(hostMachine("a", technique), listening)).toEqual(PEER_WINS);
    },
  );
});
