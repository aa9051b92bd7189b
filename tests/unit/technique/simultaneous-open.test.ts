import { describe, expect, it } from "vitest";
import type { Traversal } from "../../../wire/technique.ts";
import type { HostRole } from "../../../wire/rendezvous.ts";
import { simultaneousOpenHost } from "../../../agents/technique/simultaneous-open.ts";
import { port } from "../../../wire/address.ts";
import { INSIDE, OUTSIDE, simulate, SYN, type Network } from "./simulation.ts";

const PLAIN = {
  name: "simultaneous-open",
  syn: "normal",
  retryMs: 1000,
  predictionOffset: 0,
  gapMs: 0,
  skewMs: 0,
} as const;
const connected = (to: HostRole) => ({ to, event: { kind: "connected", socket: "punch" } }) as const;
const failed = (to: HostRole, failure: "peer-nat-reset" | "icmp-leak" | "port-busy") =>
  ({ to, event: { kind: "connect-failed", socket: "punch", failure, detail: "as told" } }) as const;

/** Silent NATs: the second SYN finds the first one's hole. */
const CROSSING: Network = { syn: (from) => (from === "b" ? [connected("a"), connected("b")] : []) };

const punches = (technique: Traversal, network?: Network) =>
  simulate(technique, network).filter((line) => line.includes("connects"));

describe("simultaneous open", () => {
  it("connects from both sides to the predicted endpoints, greets and adopts", () => {
    expect(simulate(PLAIN, CROSSING)).toEqual([
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
      "5 a greet",
      "5 b greet",
      "6 a adopt",
      "6 b adopt",
    ]);
  });

  it.each(["peer-nat-reset", "icmp-leak"] as const)(
    "after %s tries again retryMs later from the same port",
    (failure) => {
      const resetOnce: Network = {
        syn: (from, nth) =>
          nth === 1 ? (from === "a" ? [failed("a", failure)] : []) : [connected("a"), connected("b")],
      };
      const transcript = simulate({ ...PLAIN, retryMs: 700 }, resetOnce);
      expect(transcript.slice(10)).toEqual([
        "4 a connects 5001 → 198.51.100.2:50001",
        "4 b connects 6001 → 192.0.2.2:40001",
        "5 a waits 700 for retry",
        "705 a connects 5001 → 198.51.100.2:50001",
        "706 a greet",
        "706 b greet",
        "707 a adopt",
        "707 b adopt",
      ]);
    },
  );

  it("goes on trying as long as the peer's NAT resets", () => {
    const resetsFive: Network = { syn: (from, nth) => (nth <= 5 ? [failed(from, "peer-nat-reset")] : []) };
    expect(punches(PLAIN, resetsFive).filter((line) => line.includes(" a "))).toHaveLength(6);
  });

  it("gives up on any other failure and lets the peer know", () => {
    const transcript = simulate(PLAIN, { syn: (from) => (from === "a" ? [failed("a", "port-busy")] : []) });
    expect(transcript.slice(-4)).toEqual([
      "5 a tells failed port-busy",
      "5 a gives up: port-busy",
      "6 x tells b peer-failed port-busy",
      "7 b gives up: peer-failed",
    ]);
  });

  it("with low-TTL SYNs measures the TTL first, and raises it once a SYN is out, for the kernel's repetition", () => {
    const dying: Network = {
      syn: (from) => [{ to: from, event: { kind: "syn-seen", socket: "punch", syn: SYN[from] } }],
    };
    const own = simulate({ ...PLAIN, syn: "low-ttl" }, dying).filter((line) => line.includes(" a "));
    expect(own.slice(1)).toEqual([
      "1 a measure-ttl",
      "2 a predict",
      "3 a tells ready 192.0.2.2:40001",
      "4 x tells a peer 198.51.100.2:50001",
      "5 a waits 0 for punch",
      "5 a connects 5001 → 198.51.100.2:50001 ttl 3",
      "6 a set-ttl 64",
    ]);
    expect(simulate(PLAIN, dying).filter((line) => line.includes("ttl"))).toEqual([]);
  });

  it("waits gapMs on both sides, and skewMs more on B's", () => {
    expect(punches({ ...PLAIN, gapMs: 50, skewMs: 20 })).toEqual([
      "54 a connects 5001 → 198.51.100.2:50001",
      "74 b connects 6001 → 192.0.2.2:40001",
    ]);
  });

  it("announces the prediction shifted by predictionOffset, within the ports that its NAT gives", () => {
    const announced = (predictionOffset: number) =>
      simulate({ ...PLAIN, predictionOffset }).filter((line) => line.includes(" a tells ready"));
    expect(announced(7)).toEqual(["2 a tells ready 192.0.2.2:40008"]);
    expect(announced(-1000)).toEqual(["2 a tells ready 192.0.2.2:39001"]);
    expect(announced(65_535 - 40_001 + 1)).toEqual(["2 a tells ready 192.0.2.2:1024"]);
    expect(announced(1023 - 40_001)).toEqual(["2 a tells ready 192.0.2.2:65535"]);
  });

  it("announces a well-known port as it was predicted where nothing is to shift it", () => {
    const prediction = { localPort: 5001, outside: { ip: OUTSIDE.a.ip, port: port(1000) } };
    const { actions } = simultaneousOpenHost("a", PLAIN).step(
      { phase: "preparing" },
      { kind: "predicted", prediction, localAddress: INSIDE.a },
    );
    expect(actions).toEqual([{ kind: "tell", message: { t: "ready", endpoint: prediction.outside } }]);
  });
});
