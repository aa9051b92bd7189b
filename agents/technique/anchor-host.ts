import { port, type Endpoint, type Ipv4 } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import { stay, type HostAction, type HostEvent, type Step } from "./machine.ts";
import { meetingPort } from "./meeting-port.ts";
import { giveUp, raiseTtl } from "./punch.ts";
import { TELL_WAITING } from "./turns.ts";

type Options = Extract<TechniqueSpec, { name: "natblaster-6" }>;

/** How long A waits for a hit after X said that everything was sent. */
const HIT_GRACE_MS = 150;

interface Facts {
  readonly ttl?: number;
  readonly own?: Ipv4;
  /** Where X sees B. */
  readonly seen?: Endpoint;
  readonly localPort?: number;
}

/** A in case 6: its SYN to a guessed port of NB, whose own port X is to find. */
export type AnchorState =
  | ({ readonly phase: "preparing" } & Facts)
  | ({ readonly phase: "anchored"; readonly anchor: number; readonly found?: true } & Required<Omit<Facts, "ttl">> &
      Pick<Facts, "ttl">);

type AnchorStep = Step<AnchorState, HostAction>;

export function anchorStep(state: AnchorState, event: HostEvent, options: Options): AnchorStep {
  if (state.phase === "preparing") return prepare({ ...state, ...learned(event) }, options);
  const { anchor, own, localPort: first } = state;
  const [localPort, to, socket] = [first + anchor, anchorOf(state), socketOf(anchor)];
  switch (event.kind) {
    case "syn-seen":
      if (event.socket !== socket) return stay(state);
      return {
        state,
        actions: [
          { kind: "watch-sweep", localPort, from: to, isn: event.syn.isn, shifted: true },
          { kind: "tell", message: { t: "sweep", isn: event.syn.isn, port: to.port } },
        ],
      };
    case "hit": {
      const endpoint = { ip: own, port: port(event.outsidePort) };
      return { state: { ...state, found: true }, actions: [{ kind: "tell", message: { t: "hit", endpoint } }] };
    }
    case "elapsed": {
      if (state.found) return stay(state);
      const detail = "none of the ACKs of a sweep came through";
      return { state, actions: giveUp({ failure: "sweep-empty", detail }) };
    }
    case "told":
      return hear(state, event.message, options);
    default:
      return stay(state);
  }
}

function hear(
  state: Extract<AnchorState, { phase: "anchored" }>,
  message: Extract<HostEvent, { kind: "told" }>["message"],
  options: Options,
): AnchorStep {
  switch (message.t) {
    case "sweeping":
      if (state.found) return stay(state);
      return { state, actions: [{ kind: "tell", message: { t: "heard" } }] };
    case "swept": {
      const searched: HostAction = { kind: "searched", packets: message.packets };
      return {
        state,
        actions: state.found ? [searched] : [searched, { kind: "wait", timer: "no-hit", ms: HIT_GRACE_MS }],
      };
    }
    case "peer-waiting": // B's mappings are there: what A's socket sends from now on has to arrive
      return { state, actions: [raiseTtl(socketOf(state.anchor)), TELL_WAITING] };
    case "peer-missed": {
      if (state.anchor + 1 >= options.anchors) {
        const detail = `none of B's SYNs met one of ${options.anchors} anchors`;
        return { state, actions: giveUp({ failure: "no-collision", detail }) };
      }
      const { found: _, ...rest } = state;
      const next = drop({ ...rest, anchor: state.anchor + 1 });
      return {
        state: next.state,
        actions: [{ kind: "abort", socket: socketOf(state.anchor) }, ...next.actions],
      };
    }
    default:
      return stay(state);
  }
}

function learned(event: HostEvent): Facts {
  if (event.kind === "ttl-measured") return { ttl: event.ttl };
  if (event.kind === "port-chosen") return { localPort: event.localPort };
  if (event.kind !== "told") return {};
  if (event.message.t === "welcome") return { own: event.message.observed.ip };
  return event.message.t === "peer" ? { seen: event.message.endpoint } : {};
}

function prepare(state: Extract<AnchorState, { phase: "preparing" }>, { syn }: Options): AnchorStep {
  const { ttl, own, seen, localPort } = state;
  if (own === undefined || seen === undefined || localPort === undefined) return stay(state);
  if (syn === "low-ttl" && ttl === undefined) return stay(state);
  const step = drop({ phase: "anchored", anchor: 0, own, seen, localPort, ...(ttl !== undefined && { ttl }) });
  // the ACK that finds A's port is refused by A's kernel where NA shifts sequence numbers, as it then seems to acknowledge another SYN
  return { ...step, actions: [{ kind: "mute-resets", towards: seen }, ...step.actions] };
}

/** Sends the SYN to the guessed port. */
function drop(state: Extract<AnchorState, { phase: "anchored" }>): AnchorStep {
  const { anchor, localPort, ttl } = state;
  const ends = { localPort: localPort + anchor, to: anchorOf(state), ...(ttl !== undefined && { ttl }) };
  return { state, actions: [{ kind: "connect", socket: socketOf(anchor), ...ends }] };
}

const socketOf = (anchor: number): string => `anchor-${anchor + 1}`;

function anchorOf({ anchor, seen }: { readonly anchor: number; readonly seen: Endpoint }): Endpoint {
  return { ip: seen.ip, port: meetingPort(seen, anchor) };
}
