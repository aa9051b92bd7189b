import { port, type Endpoint, type Ipv4 } from "../../wire/address.ts";
import { stay, type HostAction, type HostEvent, type Step } from "./machine.ts";
import { giveUp } from "./punch.ts";

/** The host whose outside port X looks for with ACKs: its SYN is out, and a kernel socket waits behind it for the peer's answer. */
export type SweepState =
  | {
      readonly phase: "preparing";
      readonly ttl?: number;
      readonly own?: Ipv4;
      readonly peer?: Endpoint;
      readonly localPort?: number;
    }
  | {
      readonly phase: "searching";
      readonly own: Ipv4;
      readonly localPort: number;
      readonly peer: Endpoint;
      readonly isn?: number;
      readonly sweepsLeft: number;
    }
  | { readonly phase: "found" };

/** On a way that loses packets the one that counts may be among the lost. */
const SWEEPS = 2;
/** How long the host waits for a hit after X said that everything was sent. */
const HIT_GRACE_MS = 150;

type SweepStep = Step<SweepState, HostAction>;

/** Sends a low-TTL SYN, has X look for its outside port, and tells X what came. */
export function searchOutside(state: SweepState, event: HostEvent): SweepStep {
  if (event.kind === "told" && event.message.t === "swept") return afterSweep(state, event.message.packets);
  switch (state.phase) {
    case "preparing":
      return prepare(state, event);
    case "searching":
      return search(state, event);
    case "found":
      return stay(state);
  }
}

/** Connects as soon as TTL, local port, own address and the peer's endpoint are known, whichever comes last. */
function prepare(state: Extract<SweepState, { phase: "preparing" }>, event: HostEvent): SweepStep {
  const known = { ...state, ...learned(event) };
  const { ttl, own, peer, localPort } = known;
  if (ttl === undefined || own === undefined || peer === undefined || localPort === undefined) return stay(known);
  return {
    state: { phase: "searching", own, localPort, peer, sweepsLeft: SWEEPS },
    actions: [{ kind: "connect", socket: "punch", localPort, to: peer, ttl }],
  };
}

function learned(event: HostEvent): Partial<Extract<SweepState, { phase: "preparing" }>> {
  if (event.kind === "ttl-measured") return { ttl: event.ttl };
  if (event.kind === "port-chosen") return { localPort: event.localPort };
  if (event.kind !== "told") return {};
  if (event.message.t === "welcome") return { own: event.message.observed.ip };
  return event.message.t === "peer" ? { peer: event.message.endpoint } : {};
}

function search(state: Extract<SweepState, { phase: "searching" }>, event: HostEvent): SweepStep {
  const { own, localPort, peer: from, isn } = state;
  switch (event.kind) {
    case "syn-seen":
      return ask({ ...state, isn: event.syn.isn }, [
        { kind: "tell", message: { t: "syn", syn: event.syn } },
        { kind: "watch-sweep", localPort, from, isn: event.syn.isn },
      ]);
    case "told":
      return event.message.t === "sweeping"
        ? { state, actions: [{ kind: "tell", message: { t: "heard" } }] }
        : stay(state);
    case "elapsed":
      if (event.timer !== "no-hit" || isn === undefined) return stay(state);
      if (state.sweepsLeft > 0) return ask(state, []);
      return {
        state,
        actions: giveUp({ failure: "sweep-empty", detail: `none of the ACKs of ${SWEEPS} sweeps came through` }),
      };
    case "hit": {
      const endpoint = { ip: own, port: port(event.outsidePort) };
      return { state: { phase: "found" }, actions: [{ kind: "tell", message: { t: "hit", endpoint } }] };
    }
    default:
      return stay(state);
  }
}

function ask(state: Extract<SweepState, { phase: "searching" }>, before: readonly HostAction[]): SweepStep {
  const { isn, sweepsLeft } = state;
  if (isn === undefined) return stay(state);
  const sweep: HostAction = { kind: "tell", message: { t: "sweep", isn } };
  return { state: { ...state, sweepsLeft: sweepsLeft - 1 }, actions: [...before, sweep] };
}

/** A sweep's packets count whether they found something or not. */
function afterSweep(state: SweepState, packets: number): SweepStep {
  const searched: HostAction = { kind: "searched", packets };
  if (state.phase !== "searching") return { state, actions: [searched] };
  return { state, actions: [searched, { kind: "wait", timer: "no-hit", ms: HIT_GRACE_MS }] };
}
