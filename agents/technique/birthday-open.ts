import { port, type Endpoint, type Ipv4 } from "../../wire/address.ts";
import type { FailureCode } from "../../wire/attempt.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import { stay, type HostAction, type HostEvent, type HostMachine, type SocketName, type Step } from "./machine.ts";
import { abandoned, giveUp, predicted, punchDelay, raiseTtl, ttlOf } from "./punch.ts";
import { race, type Verified } from "./race.ts";
import { TELL_WAITING } from "./turns.ts";

type Options = Extract<TechniqueSpec, { name: "birthday-open" }>;

/** What became of this side's sockets so far. */
interface Course {
  readonly verified: Verified;
  /** How many connected, and how many came to nothing. */
  readonly connected: number;
  readonly failed: number;
}
const BEGINNING: Course = { verified: [], connected: 0, failed: 0 };

/** So long after the last connect() every SYN has left this host. */
const OUT_SOON = { kind: "wait", timer: "out", ms: 20 } as const satisfies HostAction;

type RandomState =
  | { readonly phase: "preparing"; readonly own?: Ipv4; readonly ports?: readonly number[]; readonly to?: Endpoint }
  | ({ readonly phase: "punching" } & Course);

/** After the last SYN; by then the kernels have repeated each twice (after 1 and 3 s, RFC 6298 section 2), and the answers were under way. */
const NO_HIT_MS = 3_500;

/**
 * The random side A of a birthday by simultaneous open: k ordinary sockets to NB's one port, from as many random ports of NA, meet m of B's that
 * aim at random ports of NA. Ports on either side are distinct, so that none is hit with probability C(N-k, m) / C(N, m), about exp(-km/N); with 439
 * each of N = 64,512 one is hit in 95 of 100 attempts, without raw sockets and without any help but X's introduction. Between two random
 * sides a socket would have to guess its peer's port as well: km/N² is one in 22,000 for the same 439.
 */
export function birthdayRandomHost(options: Options): HostMachine<RandomState> {
  return {
    initial: { phase: "preparing" },
    step(state, event) {
      const ending = abandoned(event);
      if (ending) return { state, actions: ending };
      if (state.phase === "punching") {
        if (event.kind === "elapsed" && event.timer === "out") return { state, actions: [TELL_WAITING] };
        if (event.kind === "elapsed")
          return { state, actions: state.connected > 0 ? [] : giveUp(noCollision(options)) };
        return meet("a", state, event, options.sockets) ?? stay(state);
      }
      switch (event.kind) {
        case "drawn":
          return { state: { ...state, ports: event.ports }, actions: introduce(state.own) };
        case "told":
          switch (event.message.t) {
            case "welcome":
              return stay({ ...state, own: event.message.observed.ip });
            case "paired":
              return { state, actions: [{ kind: "draw-ports", of: "this-host", count: options.sockets }] };
            case "peer":
              return stay({ ...state, to: event.message.endpoint });
            case "peer-waiting":
              return shoot(state, options);
            default:
              return stay(state);
          }
        default:
          return stay(state);
      }
    },
  };
}

/** Which of its NAT's ports it will have, nobody knows; B aims at the address. */
function introduce(own: Ipv4 | undefined): readonly HostAction[] {
  return own === undefined ? [] : [{ kind: "tell", message: { t: "ready", endpoint: { ip: own, port: port(1) } } }];
}

function shoot(state: Extract<RandomState, { phase: "preparing" }>, { syn }: Options): Step<RandomState, HostAction> {
  const { ports, to } = state;
  if (!ports || !to) return stay(state);
  const connects = ports.map(
    (localPort, index) => ({ kind: "connect", socket: nameOf(index), localPort, to, unwatched: true }) as const,
  );
  return {
    state: { phase: "punching", ...BEGINNING },
    actions: [...connects, ...(syn === "low-ttl" ? [OUT_SOON] : []), { kind: "wait", timer: "no-hit", ms: NO_HIT_MS }],
  };
}

type PredictableState =
  | { readonly phase: "preparing"; readonly ttl?: number; readonly localPort?: number; readonly na?: Ipv4 }
  | { readonly phase: "aiming"; readonly ttl?: number; readonly localPort: number; readonly na: Ipv4 }
  | ({ readonly phase: "punching"; readonly ttl?: number } & Course);

/**
 * The predictable side B: m sockets from one local port to random ports of NA open NB for them. Then it is A's turn. With low-TTL SYNs none
 * of them comes to NA, which cannot refuse what it does not see. Their TTL is raised when A's are out and no sooner: then a socket that was hit
 * repeats its SYN+ACK, which goes all the way, and NA may refuse what the others repeat.
 */
export function birthdayPredictableHost(options: Options): HostMachine<PredictableState> {
  return {
    initial: { phase: "preparing" },
    step(state, event) {
      const ending = abandoned(event);
      if (ending) return { state, actions: ending };
      switch (state.phase) {
        case "preparing":
          return prepare(state, event, options);
        case "aiming":
          return event.kind === "drawn" ? aim(state, event.ports) : drawWhenDue(state, event, options);
        case "punching":
          if (event.kind === "elapsed") return { state, actions: [TELL_WAITING] };
          if (event.kind === "told" && event.message.t === "peer-waiting")
            return { state, actions: raise(state, options) };
          return meet("b", state, event, options.targets) ?? stay(state);
      }
    },
  };
}

type Preparing = Extract<PredictableState, { phase: "preparing" }>;
type Aiming = Extract<PredictableState, { phase: "aiming" }>;

function prepare(state: Preparing, event: HostEvent, options: Options): Step<PredictableState, HostAction> {
  switch (event.kind) {
    case "ttl-measured":
      return { state: { ...state, ttl: event.ttl }, actions: [{ kind: "predict" }] };
    case "predicted":
      return {
        state: { ...state, localPort: event.prediction.localPort },
        actions: [predicted(event.prediction, options)],
      };
    case "told":
      if (event.message.t === "paired")
        return { state, actions: [{ kind: options.syn === "low-ttl" ? "measure-ttl" : "predict" }] };
      if (event.message.t !== "peer" || state.localPort === undefined) return stay(state);
      return {
        state: { ...ttlOf(state), phase: "aiming", localPort: state.localPort, na: event.message.endpoint.ip },
        actions: [punchDelay("b", options)],
      };
    default:
      return stay(state);
  }
}

function drawWhenDue(state: Aiming, event: HostEvent, { targets }: Options): Step<PredictableState, HostAction> {
  if (event.kind !== "elapsed") return stay(state);
  return { state, actions: [{ kind: "draw-ports", of: "a-nat", count: targets }] };
}

function aim(state: Aiming, ports: readonly number[]): Step<PredictableState, HostAction> {
  const { localPort, na } = state;
  const connects = ports.map((guess, index) => {
    const to = { ip: na, port: port(guess) };
    return { kind: "connect", socket: nameOf(index), localPort, to, ...ttlOf(state), unwatched: true } as const;
  });
  return {
    state: { phase: "punching", ...ttlOf(state), ...BEGINNING },
    actions: [...connects, OUT_SOON],
  };
}

/** Whatever the sockets send from now on goes all the way. */
function raise({ ttl }: { readonly ttl?: number }, { targets }: Options): readonly HostAction[] {
  return Array.from({ length: ttl === undefined ? 0 : targets }, (_, index) => raiseTtl(nameOf(index)));
}

const nameOf = (index: number): SocketName => `birthday-${index}`;

/** What either side does once its sockets are out: race, and give up when none is left. */
function meet<State extends Course>(
  role: "a" | "b",
  state: State,
  event: HostEvent,
  sockets: number,
): Step<State, HostAction> | undefined {
  const step = race(role, state.verified, event);
  if (!step) return undefined;
  const connected = state.connected + (event.kind === "connected" ? 1 : 0);
  const failed = state.failed + (event.kind === "connect-failed" ? 1 : 0);
  const next = { ...state, verified: step.state, connected, failed };
  if (event.kind !== "connect-failed" || failed < sockets) return { state: next, actions: step.actions };
  return { state: next, actions: giveUp(role === "a" && connected === 0 ? noCollision({ sockets }) : event) };
}

function noCollision({ sockets }: { readonly sockets: number }): { failure: FailureCode; detail: string } {
  return { failure: "no-collision", detail: `none of ${sockets} sockets met one of the peer's` };
}
