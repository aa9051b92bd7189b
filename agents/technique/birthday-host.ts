import { port, type Endpoint, type Ipv4 } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import { stay, type HostAction, type HostEvent, type Step } from "./machine.ts";
import { giveUp } from "./punch.ts";

type Birthday = Extract<TechniqueSpec, { search: "birthday" }>;

/** How long the random side waits for a hit after X said that everything was sent. */
const HIT_GRACE_MS = 150;

export type BirthdayState =
  | { readonly phase: "preparing"; readonly ttl?: number; readonly own?: Ipv4; readonly peer?: Endpoint }
  | { readonly phase: "flooding"; readonly ttl: number; readonly own: Ipv4; readonly peer: Endpoint }
  | { readonly phase: "punching"; readonly ttl: number; readonly localPort: number; readonly peer: Endpoint };

type BirthdayStep = Step<BirthdayState, HostAction>;

/** Floods, waits for a hit, connects from the port that was hit. */
export function floodStep(state: BirthdayState, event: HostEvent, options: Birthday): BirthdayStep {
  if (event.kind === "syn-seen") return { state, actions: [{ kind: "tell", message: { t: "syn", syn: event.syn } }] };
  if (event.kind === "told" && event.message.t === "sprayed") return afterSpray(state, event.message.count);
  switch (state.phase) {
    case "preparing":
      return flood({ ...state, ...learned(event) }, options);
    case "flooding":
      return awaitHit(state, event, options);
    case "punching":
      return stay(state);
  }
}

function learned(event: HostEvent): Partial<Extract<BirthdayState, { phase: "preparing" }>> {
  if (event.kind === "ttl-measured") return { ttl: event.ttl };
  if (event.kind !== "told") return {};
  if (event.message.t === "welcome") return { own: event.message.observed.ip };
  return event.message.t === "peer" ? { peer: event.message.endpoint } : {};
}

/** Starts the flood as soon as the TTL, the own address and the peer's endpoint are known, whichever comes last. */
function flood(state: Extract<BirthdayState, { phase: "preparing" }>, options: Birthday): BirthdayStep {
  const { ttl, own, peer } = state;
  if (ttl === undefined || own === undefined || peer === undefined) return stay(state);
  return {
    state: { phase: "flooding", ttl, own, peer },
    actions: [
      { kind: "mute-resets", towards: peer },
      { kind: "flood", to: peer, count: options.syns, ttl },
    ],
  };
}

function awaitHit(
  state: Extract<BirthdayState, { phase: "flooding" }>,
  event: HostEvent,
  options: Birthday,
): BirthdayStep {
  const { ttl, own, peer } = state;
  switch (event.kind) {
    case "flooded":
      return { state, actions: [{ kind: "tell", message: { t: "flood", isn: event.isn, count: event.count } }] };
    case "elapsed": {
      if (event.timer !== "no-hit") return stay(state);
      const detail = `none of ${options.syns} forged SYN+ACKs came through`;
      return { state, actions: giveUp({ failure: "no-collision", detail }) };
    }
    case "hit":
      return {
        state: { phase: "punching", ttl, localPort: event.localPort, peer },
        actions: [
          { kind: "tell", message: { t: "hit", endpoint: { ip: own, port: port(event.outsidePort) } } },
          { kind: "connect", socket: "punch", localPort: event.localPort, to: peer, ttl },
        ],
      };
    default:
      return stay(state);
  }
}

/** The forged SYN+ACKs count whether one hit or none did; the SYNs that they answer were as many. */
function afterSpray(state: BirthdayState, count: number): BirthdayStep {
  const searched: HostAction = { kind: "searched", packets: 2 * count };
  if (state.phase !== "flooding") return { state, actions: [searched] };
  return { state, actions: [searched, { kind: "wait", timer: "no-hit", ms: HIT_GRACE_MS }] };
}
