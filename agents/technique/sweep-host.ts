import { port, type Endpoint, type Ipv4 } from "../../wire/address.ts";
import type { SynReport } from "../../wire/rendezvous.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import { stay, type HostAction, type HostEvent, type Step } from "./machine.ts";
import { giveUp } from "./punch.ts";

type Options = Extract<TechniqueSpec, { search: "ack-sweep" }>;

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
      readonly syn?: SynReport;
      readonly sweepsLeft: number;
    }
  | { readonly phase: "found" };

/** On a way that loses packets the one that counts may be among the lost. */
const SWEEPS = 2;
/** How long the host waits for a hit after X said that everything was sent. */
const HIT_GRACE_MS = 150;

type SweepStep = Step<SweepState, HostAction>;

/**
 * Sends a low-TTL SYN, has X look for its outside port, and tells X what came. `sequenceShift: "learned"`: a NAT that shifts sequence numbers
 * shifts back what X's ACK acknowledges. The ACK shows by how much, for this very connection; the kernel refuses it by a RST
 * (RFC 9293 section 3.10.7.3), which must not get out. X is then told the SYN as it left the NAT, and what it forges fits.
 */
export function searchOutside(state: SweepState, event: HostEvent, options: Options): SweepStep {
  if (event.kind === "told" && event.message.t === "swept") return afterSweep(state, event.message.packets);
  switch (state.phase) {
    case "preparing":
      return prepare(state, event, options);
    case "searching":
      return search(state, event, options);
    case "found":
      return stay(state);
  }
}

/** Connects as soon as TTL, local port, own address and the peer's endpoint are known, whichever comes last. */
function prepare(
  state: Extract<SweepState, { phase: "preparing" }>,
  event: HostEvent,
  { sequenceShift }: Options,
): SweepStep {
  const known = { ...state, ...learned(event) };
  const { ttl, own, peer, localPort } = known;
  if (ttl === undefined || own === undefined || peer === undefined || localPort === undefined) return stay(known);
  return {
    state: { phase: "searching", own, localPort, peer, sweepsLeft: SWEEPS },
    actions: [
      ...(sequenceShift === "learned" ? [{ kind: "mute-resets", towards: peer } as const] : []),
      { kind: "connect", socket: "punch", localPort, to: peer, ttl },
    ],
  };
}

function learned(event: HostEvent): Partial<Extract<SweepState, { phase: "preparing" }>> {
  if (event.kind === "ttl-measured") return { ttl: event.ttl };
  if (event.kind === "port-chosen") return { localPort: event.localPort };
  if (event.kind !== "told") return {};
  if (event.message.t === "welcome") return { own: event.message.observed.ip };
  return event.message.t === "peer" ? { peer: event.message.endpoint } : {};
}

function search(
  state: Extract<SweepState, { phase: "searching" }>,
  event: HostEvent,
  { sequenceShift }: Options,
): SweepStep {
  const { own, localPort, peer: from, syn } = state;
  const shifted = sequenceShift === "learned";
  switch (event.kind) {
    case "syn-seen": {
      const watch = { kind: "watch-sweep", localPort, from, isn: event.syn.isn } as const;
      const known = { ...state, syn: event.syn };
      return shifted ? ask(known, [{ ...watch, shifted }]) : ask(known, [tellSyn(event.syn), watch]);
    }
    case "told":
      return event.message.t === "sweeping"
        ? { state, actions: [{ kind: "tell", message: { t: "heard" } }] }
        : stay(state);
    case "elapsed":
      if (event.timer !== "no-hit" || syn === undefined) return stay(state);
      if (state.sweepsLeft > 0) return ask(state, []);
      return {
        state,
        actions: giveUp({ failure: "sweep-empty", detail: `none of the ACKs of ${SWEEPS} sweeps came through` }),
      };
    case "hit": {
      const endpoint = { ip: own, port: port(event.outsidePort) };
      const left = shifted && syn ? [tellSyn(asItLeft(syn, event.ack))] : [];
      return { state: { phase: "found" }, actions: [...left, { kind: "tell", message: { t: "hit", endpoint } }] };
    }
    default:
      return stay(state);
  }
}

const tellSyn = (syn: SynReport): HostAction => ({ kind: "tell", message: { t: "syn", syn } });

/** A SYN as it left a NAT behind which the ACK for it acknowledges `ack`. SACK blocks name numbers that no such NAT shifts. */
function asItLeft(syn: SynReport, ack: number): SynReport {
  const shift = syn.isn + 1 - ack;
  return { ...syn, isn: (syn.isn + shift) >>> 0, sackPermitted: syn.sackPermitted && shift >>> 0 === 0 };
}

function ask(state: Extract<SweepState, { phase: "searching" }>, before: readonly HostAction[]): SweepStep {
  const { syn, sweepsLeft } = state;
  if (syn === undefined) return stay(state);
  const sweep: HostAction = { kind: "tell", message: { t: "sweep", isn: syn.isn } };
  return { state: { ...state, sweepsLeft: sweepsLeft - 1 }, actions: [...before, sweep] };
}

/** A sweep's packets count whether they found something or not. */
function afterSweep(state: SweepState, packets: number): SweepStep {
  const searched: HostAction = { kind: "searched", packets };
  if (state.phase !== "searching") return { state, actions: [searched] };
  return { state, actions: [searched, { kind: "wait", timer: "no-hit", ms: HIT_GRACE_MS }] };
}
