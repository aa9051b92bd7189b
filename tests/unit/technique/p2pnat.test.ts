import { describe, expect, it } from "vitest";
import { p2pnatHost } from "../../../agents/technique/p2pnat.ts";
import type { HostAction, HostEvent } from "../../../agents/technique/machine.ts";
import type { Endpoint, Ipv4, Port } from "../../../wire/address.ts";
import type { FailureCode } from "../../../wire/attempt.ts";
import type { HostRole } from "../../../wire/rendezvous.ts";
import { INSIDE, OUTSIDE, simulate, type Delivery, type Network } from "./simulation.ts";

const P2PNAT = { name: "p2pnat", retryMs: 1000, predictionOffset: 0, gapMs: 0, skewMs: 0 } as const;

const connected = (to: HostRole, socket: string): Delivery => ({ to, event: { kind: "connected", socket } });
const failed = (to: HostRole, socket: string, failure: FailureCode): Delivery => ({
  to,
  event: { kind: "connect-failed", socket, failure, detail: "as told" },
});

const at = (ip: string, port: number): Endpoint => ({ ip: ip as Ipv4, port: port as Port });

describe("P2PNAT", () => {
  it("listens and connects to the public and the private endpoint from one port, and adopts what both agreed on", () => {
    const network: Network = {
      syn: (from, _nth, _atMs, { socket }) =>
        from === "b" && socket === "punch" ? [connected("a", "punch"), connected("b", "punch")] : [],
    };
    const transcript = simulate(P2PNAT, network);
    expect(transcript.filter((line) => /^\d+ a/.test(line))).toEqual([
      "1 a predict",
      "2 a listens 5001",
      "3 a tells ready 192.0.2.2:40001 10.1.0.2:5001",
      "5 a waits 0 for punch",
      "5 a connects 5001 → 198.51.100.2:50001",
      "5 a connects 5001 → 10.2.0.2:6001",
      "6 a greet",
      "7 a choose",
      "8 a adopt",
    ]);
    expect(transcript.filter((line) => /^[6-9] b/.test(line))).toEqual(["6 b greet", "7 b await-choice", "8 b adopt"]);
  });

  it("tries each endpoint again after an error, on its own", () => {
    const network: Network = {
      syn: (from, nth, _atMs, { socket }) =>
        from === "a" && nth <= 3 ? [failed("a", socket, socket === "punch" ? "peer-nat-reset" : "icmp-leak")] : [],
    };
    const tries = simulate(P2PNAT, network).filter((line) => /^\d+ a (connects|waits)/.test(line));
    expect(tries).toEqual([
      "5 a waits 0 for punch",
      "5 a connects 5001 → 198.51.100.2:50001",
      "5 a connects 5001 → 10.2.0.2:6001",
      "6 a waits 1000 for retry-punch",
      "6 a waits 1000 for retry-private",
      "1006 a connects 5001 → 198.51.100.2:50001",
      "1006 a connects 5001 → 10.2.0.2:6001",
      "1007 a waits 1000 for retry-punch",
      "2007 a connects 5001 → 198.51.100.2:50001",
    ]);
  });

  it("leaves a stranger at the private endpoint alone, and goes on at the public one", () => {
    const actions = play("a", PUNCHING, { kind: "connect-failed", socket: "private", failure: "stranger", detail: "" });
    expect(actions).toEqual([]);
  });

  it("gives up where every endpoint turned out to be a stranger's", () => {
    const stranger = (socket: string) => ({ kind: "connect-failed", socket, failure: "stranger", detail: "" }) as const;
    expect(play("a", PUNCHING, stranger("private"), stranger("punch"))).toMatchObject([
      { kind: "tell", message: { t: "failed", reason: "stranger" } },
      { kind: "give-up", failure: "stranger" },
    ]);
  });

  it.each([
    ["is being greeted", []],
    ["has proved itself", [{ kind: "verified", socket: "listener-1" } as const]],
  ])("keeps to a peer that %s on its listener, whoever was at its endpoints, until that breaks too", (_, proofs) => {
    const failed = (socket: string) => ({ kind: "connect-failed", socket, failure: "stranger", detail: "" }) as const;
    const [introduced, accepted] = [told({}), { kind: "connected", socket: "listener-1" } as const];
    const open: readonly HostEvent[] = [
      ...READY,
      introduced,
      { kind: "connected", socket: "punch" },
      accepted,
      ...proofs,
    ];
    expect(play("b", open, failed("punch"))).toEqual([]);
    expect(play("b", open, failed("punch"), failed("listener-1"))).toMatchObject([
      { kind: "tell", message: { t: "failed", reason: "stranger" } },
      { kind: "give-up", failure: "stranger" },
    ]);
    expect(play("b", open, failed("listener-1"))).toEqual([]);
  });

  it("keeps to a peer that its listener accepted before X's word of it came", () => {
    const early = [...READY, { kind: "connected", socket: "listener-1" } as const, told({})];
    const stranger = { kind: "connect-failed", socket: "punch", failure: "stranger", detail: "" } as const;
    expect(play("b", early, stranger)).toEqual([]);
  });

  it("goes on where a connection that the listener accepted breaks", () => {
    expect(
      play("b", PUNCHING, { kind: "connected", socket: "listener-1" }, { kind: "verified", socket: "listener-1" }),
    ).toEqual([{ kind: "await-choice", socket: "listener-1" }]);
    const broken = { kind: "connect-failed", socket: "listener-1", failure: "reset-after-open", detail: "" } as const;
    expect(play("b", PUNCHING, { kind: "connected", socket: "listener-1" }, broken)).toEqual([]);
  });

  it("greets a peer that the listener accepted before X's word of it came, and keeps to that connection after it", () => {
    const accepted = { kind: "connected", socket: "listener-1" } as const;
    const verified = { kind: "verified", socket: "listener-1" } as const;
    expect(play("a", READY, accepted)).toEqual([{ kind: "greet", socket: "listener-1" }]);
    expect(play("a", [...READY, accepted], verified)).toEqual([{ kind: "choose", socket: "listener-1" }]);
    const late = [...READY, accepted, verified, told({}), { kind: "elapsed", timer: "punch" }] as const;
    expect(play("a", late, { kind: "verified", socket: "punch" })).toEqual([]);
    expect(play("a", late, { kind: "agreed", socket: "listener-1" })).toEqual([
      { kind: "adopt", socket: "listener-1" },
    ]);
  });

  it.each<[string, Partial<Introduced>, readonly Endpoint[]]>([
    ["of a peer that told none", {}, [OUTSIDE.b]],
    ["that is its public one", { private: OUTSIDE.b }, [OUTSIDE.b]],
    ["that is this host's own address, elsewhere", { private: at(INSIDE.a, 7) }, [OUTSIDE.b]],
    ["of another host", { private: at("192.168.1.7", 7) }, [OUTSIDE.b, at("192.168.1.7", 7)]],
  ])("connects to a private endpoint %s only where it can be the peer's", (_, peer, targets) => {
    const actions = play("a", [...READY, told(peer)], { kind: "elapsed", timer: "punch" });
    expect(actions.flatMap((action) => (action.kind === "connect" ? [action.to] : []))).toEqual(targets);
  });

  it.each([
    ["a public address", at("203.0.113.9", 5001), OUTSIDE.a],
    ["no NAT", at(INSIDE.a, 5001), at(INSIDE.a, 5001)],
  ])("tells no private endpoint where the host has %s", (_, inside, outside) => {
    const prediction = { localPort: inside.port, outside };
    const predicted = { kind: "predicted", prediction, localAddress: inside.ip } as const;
    const [ready] = play("a", [predicted], { kind: "listening", socket: "listener" });
    expect(ready).toEqual({ kind: "tell", message: { t: "ready", endpoint: outside } });
  });
});

type Introduced = { readonly private: Endpoint };
const told = (peer: Partial<Introduced>): HostEvent => ({
  kind: "told",
  message: { t: "peer", endpoint: OUTSIDE.b, ...peer },
});
const READY: readonly HostEvent[] = [
  { kind: "predicted", prediction: { localPort: 5001, outside: OUTSIDE.a }, localAddress: INSIDE.a },
];
const PUNCHING: readonly HostEvent[] = [
  ...READY,
  told({ private: at(INSIDE.b, 6001) }),
  { kind: "elapsed", timer: "punch" },
];

/** What a host does at the last of some events. */
function play(role: HostRole, before: readonly HostEvent[], ...events: readonly HostEvent[]): readonly HostAction[] {
  const machine = p2pnatHost(role, P2PNAT);
  let step: ReturnType<typeof machine.step> = { state: machine.initial, actions: [] };
  for (const event of [...before, ...events]) step = machine.step(step.state, event);
  return step.actions;
}
