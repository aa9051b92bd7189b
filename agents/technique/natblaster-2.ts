import type { Endpoint } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import type { HostRole, SynReport } from "../../wire/rendezvous.ts";
import { introductions, relayFailure, tellBoth } from "./dial.ts";
import { forgeBoth, forgeLater, type Forgery } from "./forge.ts";
import { stay, type HostMachine, type XMachine } from "./machine.ts";
import { connectFrom, endings, forgedOpening, giveUp, predicted, punchDelay } from "./punch.ts";

type Options = Extract<TechniqueSpec, { name: "natblaster-2" | "stunt-1" }>;

type State =
  | { readonly phase: "preparing"; readonly ttl?: number }
  | { readonly phase: "ready"; readonly localPort: number; readonly ttl?: number }
  | { readonly phase: "punching"; readonly localPort: number; readonly to: Endpoint; readonly ttl?: number }
  | { readonly phase: "answering"; readonly syn: SynReport };

/**
 * NATBLASTER case 2: both NATs predictable, no source routing. Each side sends a SYN that opens its own NAT and is meant to
 * die on the way: silently dropped by the far NAT (`normal`), or with a TTL that ends one hop short of X (`low-ttl`). Each
 * reports its SYN to X, which forges the SYN+ACK that the other would have sent.
 *
 * STUNT #1 (Guha and Francis, IMC 2005, with its variant without TTL) is the same, packet for packet: low-TTL SYNs, sequence numbers
 * to the server, which spoofs a SYN+ACK to each. What differed were the programs: natblaster's, of 2005, has X swap the sequence numbers
 * and sends the SYN+ACKs from the hosts (`synAck: self`), each through its own NAT.
 */
export function natblaster2Host(role: HostRole, options: Options): HostMachine<State> {
  const answers = options.name === "natblaster-2" && options.synAck === "self";
  return {
    initial: { phase: "preparing" },
    step(state, event) {
      const ending = endings(event) ?? forgedOpening(event);
      if (ending) return { state, actions: ending };
      switch (event.kind) {
        case "told":
          if (event.message.t === "paired")
            return { state, actions: [{ kind: options.syn === "low-ttl" ? "measure-ttl" : "predict" }] };
          if (event.message.t === "peer-syn")
            return {
              state: { phase: "answering", syn: event.message.syn },
              actions: [{ kind: "wait", timer: "answer", ms: role === "b" ? options.skewMs : 0 }],
            };
          if (event.message.t !== "peer" || state.phase !== "ready") return stay(state);
          return {
            state: { ...state, phase: "punching", to: event.message.endpoint },
            actions: [punchDelay(role, options)],
          };
        case "ttl-measured":
          return { state: { phase: "preparing", ttl: event.ttl }, actions: [{ kind: "predict" }] };
        case "predicted":
          return {
            state: { ...state, phase: "ready", localPort: event.prediction.localPort },
            actions: [predicted(event.prediction, options)],
          };
        case "elapsed":
          if (state.phase === "answering") return { state, actions: [{ kind: "answer-syn", syn: state.syn }] };
          return state.phase === "punching" ? { state, actions: [connectFrom(state)] } : stay(state);
        case "syn-seen":
          return {
            state,
            actions: [{ kind: "tell", message: { t: "syn", syn: event.syn, ...(answers && { answers }) } }],
          };
        case "connect-failed":
          return { state, actions: giveUp(event) };
        default:
          return stay(state);
      }
    },
  };
}

/** X in case 2: introduces the two, waits for both SYNs, forges both answers, or hands on what to answer, until both sides report. */
export function natblaster2X(): XMachine<Forgery> {
  return {
    initial: { endpoints: {}, syns: {}, established: [] },
    step(state, event) {
      switch (event.kind) {
        case "paired":
          return { state, actions: tellBoth({ t: "paired" }) };
        case "elapsed":
          return forgeLater(state, event.timer);
        case "told": {
          const failed = relayFailure(event.from, event.message);
          if (failed) return { state, actions: failed };
          if (event.message.t === "ready") {
            const endpoints = { ...state.endpoints, [event.from]: event.message.endpoint };
            return { state: { ...state, endpoints }, actions: introductions(endpoints) };
          }
          return forgeBoth(state, event.from, event.message);
        }
        default:
          return stay(state);
      }
    },
  };
}
