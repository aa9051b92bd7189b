import type { Endpoint, Ipv4 } from "../../wire/address.ts";
import { tellBoth } from "./dial.ts";
import { SWEEP_PORTS, type Step, type XAction } from "./machine.ts";

/**
 * X's search for the outside port of a host's SYN: bare ACKs "from" the endpoint that the SYN was sent to, to every port of the host's
 * NAT, each with its port as IP identification. A conntrack in SYN_SENT lets an ACK pass that fits the SYN (nf_conntrack_proto_tcp.c:
 * ignored, not invalid) and only at the SYN's own port; the host's kernel discards it (RFC 9293 section 3.10.7.3: neither SYN nor RST), the
 * host's capture reads the port off it. Faster than the birthday of case 4, and no lottery.
 */
export interface Sweep {
  readonly from: Endpoint;
  readonly to: Ipv4;
  readonly isn: number;
  /** Ports whose turn has come. */
  readonly ordered: number;
  /** ACKs that have left X. */
  readonly sent: number;
}

/** ACKs between two words to the host. Two windows are under way at a time, so that no queue on the way has to hold more. */
const WINDOW = 4_096;

export function beginSweep(target: Pick<Sweep, "from" | "to" | "isn">): Step<Sweep, XAction> {
  const first = widen({ ...target, ordered: 0, sent: 0 });
  const second = widen(first.state);
  return { state: second.state, actions: [...first.actions, ...second.actions] };
}

/** The host has heard of a window: the next one is due, if there is one. */
export function widen(sweep: Sweep): Step<Sweep, XAction> {
  const { from, to, isn, ordered: first } = sweep;
  const count = Math.min(WINDOW, SWEEP_PORTS.count - first);
  if (count <= 0) return { state: sweep, actions: [] };
  return {
    state: { ...sweep, ordered: first + count },
    actions: [{ kind: "sweep", from, to, isn, first, count }],
  };
}

/** So many more ACKs have left X, and the word to both behind them; without a state once that were all. */
export function advance(sweep: Sweep, count: number): Step<Sweep | undefined, XAction> {
  const packets = sweep.sent + count;
  const words = tellBoth({ t: "sweeping", packets });
  if (packets < SWEEP_PORTS.count) return { state: { ...sweep, sent: packets }, actions: words };
  return { state: undefined, actions: [...words, { kind: "tell", to: "a", message: { t: "swept", packets } }] };
}
