import type { Fragment } from "../fragment.ts";
import { LINUX_TIMEOUTS, type NatModel, type Timeouts } from "../model.ts";

/**
 * Conntrack's timeouts in seconds under net.netfilter.nf_conntrack_tcp_timeout_, by what governs them (tcp_timeouts[] of
 * nf_conntrack_proto_tcp.c). Linux's own value of an axis brings all of Linux's; any other holds for each state of its phase, so
 * that no state forgets a mapping earlier than the model says. `max_retrans` and `unacknowledged` cut an established connection
 * short that has data outstanding. Where SYNs have crossed (SYN_SENT2) the kernel's fixed 120 s hold.
 */
const STOCK: Readonly<Record<keyof Timeouts, Readonly<Record<string, number>>>> = {
  synSentS: { syn_sent: 120, syn_recv: 60 },
  establishedS: { established: 432_000, max_retrans: 300, unacknowledged: 300 },
  closingS: { fin_wait: 120, close_wait: 60, last_ack: 30, time_wait: 120, close: 10 },
};

/** How long conntrack remembers. A NAT that never forgets keeps no connections: Linux's values are then as good as any. */
export function timeoutRules({ timeouts }: NatModel): Fragment {
  const phases = Object.keys(STOCK) as (keyof Timeouts)[];
  return { sysctls: Object.assign({}, ...phases.map((phase) => phaseTimeouts(phase, timeouts[phase]))) };
}

function phaseTimeouts(phase: keyof Timeouts, seconds: number | "never"): Record<string, string> {
  const stock = seconds === "never" || seconds === LINUX_TIMEOUTS[phase];
  const name = (state: string): string => `net.netfilter.nf_conntrack_tcp_timeout_${state}`;
  return Object.fromEntries(
    Object.entries(STOCK[phase]).map(([state, own]) => [name(state), String(stock ? own : seconds)]),
  );
}
