import type { Endpoint } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import type { HostRole, SynReport } from "../../wire/rendezvous.ts";
import { introductions, relayFailure, tellBoth, type ExchangeState } from "./dial.ts";
import { peerOf, stay, type HostMachine, type Step, type HostAction, type XMachine } from "./machine.ts";
import { endings, giveUp, predicted, punchDelay, raiseTtl } from "./punch.ts";
import { TELL_WAITING } from "./turns.ts";

type Options = Extract<TechniqueSpec, { name: "tcp-repair" }>;

interface State {
  readonly ttl?: number;
  readonly localPort?: number;
  readonly to?: Endpoint;
  readonly own?: SynReport;
  readonly peer?: SynReport;
  readonly isDue?: true;
}

/**
 * Injection by TCP_REPAIR: no SYN at all. The hosts swap through X what their SYNs would have said, and each makes its socket ESTABLISHED
 * with it. The socket's first ACK has a low TTL and opens the own NAT: a conntrack that meets an ACK without a connection picks the
 * connection up as established (nf_conntrack_proto_tcp.c tcp_new(), nf_conntrack_tcp_loose), and takes its windows liberally. When both have
 * done so, data goes both ways. A SYN before it would spoil that: an ACK after an unanswered SYN is invalid.
 */
export function tcpRepairHost(role: HostRole, options: Options): HostMachine<State> {
  return {
    initial: {},
    step(state, event) {
      const ending = endings(event);
      if (ending) return { state, actions: ending };
      switch (event.kind) {
        case "told":
          switch (event.message.t) {
            case "paired":
              return { state, actions: [{ kind: "draw-numbers" }, { kind: "measure-ttl" }] };
            case "peer":
              return { state: { ...state, to: event.message.endpoint }, actions: [punchDelay(role, options)] };
            case "peer-syn":
              return injected({ ...state, peer: event.message.syn });
            case "open":
              return { state, actions: [{ kind: "greet", socket: "punch" }] };
            default:
              return stay(state);
          }
        case "numbers-drawn":
          return {
            state: { ...state, own: event.syn },
            actions: [{ kind: "tell", message: { t: "syn", syn: event.syn } }],
          };
        case "ttl-measured":
          return { state: { ...state, ttl: event.ttl }, actions: [{ kind: "predict" }] };
        case "predicted": {
          const { localPort } = event.prediction;
          return { state: { ...state, localPort }, actions: [predicted(event.prediction, options)] };
        }
        case "elapsed":
          return injected({ ...state, isDue: true });
        case "injected":
          return { state, actions: [raiseTtl(event.socket), TELL_WAITING] };
        case "connect-failed":
          return { state, actions: giveUp(event) };
        default:
          return stay(state);
      }
    },
  };
}

/** Injects once everything is known and the time has come. */
function injected(state: State): Step<State, HostAction> {
  const { ttl, localPort, to, own, peer, isDue } = state;
  if (ttl === undefined || localPort === undefined || !to || !own || !peer || !isDue) return stay(state);
  const { isDue: _, ...rest } = state;
  return { state: rest, actions: [{ kind: "inject", socket: "punch", localPort, to, own, peer, announce: true, ttl }] };
}

interface XState extends ExchangeState {
  readonly waiting: readonly HostRole[];
}

/** X passes on endpoints and numbers, and says when both NATs are open. */
export function tcpRepairX(): XMachine<XState> {
  return {
    initial: { ready: {}, waiting: [] },
    step(state, event) {
      if (event.kind === "paired") return { state, actions: tellBoth({ t: "paired" }) };
      if (event.kind !== "told") return stay(state);
      const { from, message } = event;
      const failed = relayFailure(from, message);
      if (failed) return { state, actions: failed };
      switch (message.t) {
        case "ready": {
          const ready = { ...state.ready, [from]: message.endpoint };
          return { state: { ...state, ready }, actions: introductions(ready) };
        }
        case "syn":
          return { state, actions: [{ kind: "tell", to: peerOf(from), message: { t: "peer-syn", syn: message.syn } }] };
        case "waiting": {
          if (state.waiting.includes(from)) return stay(state);
          const waiting = [...state.waiting, from];
          return { state: { ...state, waiting }, actions: waiting.length === 2 ? tellBoth({ t: "open" }) : [] };
        }
        default:
          return stay(state);
      }
    },
  };
}
