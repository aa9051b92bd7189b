import { STIMULI, type ProbeMode } from "../../wire/fingerprint.ts";
import type { SynProbe } from "./after-syn.ts";
import type { IdleTimes } from "./timers.ts";

/** What a mode of the battery covers; a part that is undefined is left out. */
export interface Coverage {
  /** Consecutive local ports and repetitions of the binding matrix; `corner`: only the last local port goes to all of X's endpoints. */
  readonly bindings: { readonly localPorts: number; readonly shape: "corner" | "matrix"; readonly rounds: number };
  readonly afterSyn: readonly SynProbe[];
  /** How long a NAT is given to answer a SYN that it does not let in: RFC 5382 REQ-4 wants 6 s of silence first. */
  readonly refusalMs: number;
  /** The least that silence is listened to, in ms. */
  readonly silenceMs: number;
  readonly more?: {
    readonly predictions: number;
    readonly capacity: number;
    readonly idle: IdleTimes;
  };
}

/** Between whole seconds, in which timeouts are set: at the very end of one, chance would decide. */
const SECONDS = [0.5, 1.5, 2.5, 3.5, 4.5, 6.5, 8.5].map((s) => s * 1000);
/** Up to RFC 5382 REQ-5's four minutes for transitory states, and a little over its 2 h 4 min for established ones. */
const TRANSITORY = [5, 10, 30, 55, 65, 115, 125, 180, 235, 250, 300].map((s) => s * 1000);
const LONG = [60, 300, 900, 1800, 3590, 3700, 5400, 7190, 7430, 7500].map((s) => s * 1000);

const EIGHT: readonly SynProbe[] = STIMULI.flatMap((stimulus) => [
  { stimulus, probe: "syn" },
  { stimulus, probe: "syn-ack" },
]);
const MATRIX = { localPorts: 7, shape: "matrix", rounds: 3 } as const;

export const COVERAGE: Readonly<Record<ProbeMode, Coverage>> = {
  quick: {
    bindings: { localPorts: 5, shape: "corner", rounds: 1 },
    afterSyn: EIGHT.filter(({ stimulus, probe }) =>
      probe === "syn" ? stimulus === "none" : stimulus !== "unreachable",
    ),
    refusalMs: 120,
    silenceMs: 120,
  },
  fast: {
    bindings: MATRIX,
    afterSyn: EIGHT,
    refusalMs: 7_000,
    silenceMs: 250,
    more: { predictions: 10, capacity: 640, idle: { synSent: SECONDS, established: SECONDS, closing: SECONDS } },
  },
  full: {
    bindings: MATRIX,
    afterSyn: EIGHT,
    refusalMs: 12_000,
    silenceMs: 1_000,
    more: { predictions: 20, capacity: 2_560, idle: { synSent: TRANSITORY, established: LONG, closing: TRANSITORY } },
  },
};
