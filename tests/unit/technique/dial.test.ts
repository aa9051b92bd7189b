import { describe, expect, it } from "vitest";
import { hostMachine } from "../../../agents/technique/index.ts";
import type { HostEvent } from "../../../agents/technique/machine.ts";
import { playAccepted, PEER_WINS } from "./accepted.ts";
import { INSIDE, OUTSIDE, simulate, type Network } from "./simulation.ts";

const OPEN: Network = {
  syn: () => [
    { to: "a", event: { kind: "connected", socket: "punch" } },
    { to: "b", event: { kind: "connected", socket: "punch" } },
  ],
};

describe("the plain dial", () => {
  it.each(["connect", "public"] as const)("as %s: B listens, A connects to B's endpoint, both greet", (name) => {
    expect(simulate({ name }, OPEN)).toEqual([
      "0 x tells a paired",
      "0 x tells b paired",
      "1 a predict",
      "1 b predict",
      "2 a tells ready 192.0.2.2:40001",
      "2 b listens 6001",
      "2 b tells ready 198.51.100.2:50001",
      "3 x tells a peer 198.51.100.2:50001",
      "3 x tells b peer 192.0.2.2:40001",
      "4 a connects 5001 → 198.51.100.2:50001",
      "5 a greet",
      "5 b greet",
      "6 a adopt",
      "6 b adopt",
    ]);
  });

  it("that fails ends both sides, B by way of X", () => {
    const refused = { kind: "connect-failed", socket: "punch", failure: "peer-nat-reset", detail: "RST" } as const;
    const transcript = simulate({ name: "connect" }, { syn: () => [{ to: "a", event: refused }] });
    expect(transcript.slice(10)).toEqual([
      "5 a tells failed peer-nat-reset",
      "5 a gives up: peer-nat-reset",
      "6 x tells b peer-failed peer-nat-reset",
      "7 b gives up: peer-failed",
    ]);
  });

  it("goes on past whoever B accepted that is not the peer, and adopts the peer", () => {
    const machine = hostMachine("b", { name: "connect" });
    const introduced: readonly HostEvent[] = [
      { kind: "predicted", prediction: { localPort: 6001, outside: OUTSIDE.b }, localAddress: INSIDE.b },
      { kind: "listening", socket: "punch" },
    ];
    expect(playAccepted(machine, introduced)).toEqual(PEER_WINS);
  });

  it("whose SYN is dropped does nothing more", () => {
    expect(simulate({ name: "connect" }).at(-1)).toBe("4 a connects 5001 → 198.51.100.2:50001");
  });
});

describe("the relay", () => {
  it("lets both sides join X and greet through it, and predicts nothing", () => {
    expect(simulate({ name: "relay" })).toEqual([
      "0 x tells a paired",
      "0 x tells b paired",
      "1 a join-relay",
      "1 b join-relay",
      "2 a greet",
      "2 b greet",
      "3 a adopt",
      "3 b adopt",
    ]);
  });
});
