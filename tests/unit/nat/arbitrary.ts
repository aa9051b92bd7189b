import fc from "fast-check";
import {
  DEPENDENCIES,
  OUT_OF_STATE,
  RESETS,
  SOURCE_ROUTES,
  SYN_REFUSALS,
  TIME_EXCEEDED,
  type NatModel,
} from "../../../orchestrator/nat/model.ts";
import type { Draw } from "./simulated.ts";

/** Ends on a port of the sequence for every odd step that is drawn. */
const ODD_STEPS = { from: 40_000, to: 40_000 + 3 * 5 * 7 * 2 };
const EVEN_STEPS = { from: 40_000, to: 40_504 };

const refusal = fc.oneof(
  fc.constantFrom(...SYN_REFUSALS),
  fc.record({ kind: fc.constant("delayed-icmp" as const), afterMs: fc.integer({ min: 4000, max: 8000 }) }),
);
const seconds = fc.oneof(fc.constant("never" as const), fc.integer({ min: 1, max: 500_000 }));
const sequential = fc.constant("sequential" as const);

/** Any model, contradictory ones included: the simulated NAT does even these. */
export const models = fc.record<NatModel>({
  mapping: fc.constantFrom(...DEPENDENCIES),
  filtering: fc.constantFrom(...DEPENDENCIES),
  ports: fc.oneof(
    fc.constant({ kind: "preserve" as const }),
    fc.record({
      kind: fc.constant("random" as const),
      range: fc.constant({ from: 1024, to: 65_535 }),
      parity: fc.boolean(),
    }),
    fc.record({ kind: sequential, step: fc.constantFrom(1, -1, 3, 5, -7, 30), range: fc.constant(ODD_STEPS) }),
    fc.record({
      kind: sequential,
      step: fc.constantFrom(2, -2, 14),
      range: fc.constant(EVEN_STEPS),
      parity: fc.boolean(),
    }),
  ),
  unsolicitedSyn: refusal,
  wrongPeerSyn: refusal,
  timeExceeded: fc.constantFrom(...TIME_EXCEEDED),
  reset: fc.constantFrom(...RESETS),
  outOfState: fc.constantFrom(...OUT_OF_STATE),
  crossingSyn: fc.constantFrom("accept", "refuse"),
  windowTracking: fc.constantFrom("strict", "liberal"),
  sequenceNumbers: fc.constantFrom("keep", "rewrite"),
  sourceRoute: fc.constantFrom(...SOURCE_ROUTES),
  hairpin: fc.boolean(),
  timeouts: fc.record({ synSentS: seconds, establishedS: seconds, closingS: seconds }),
});

export const seeds = fc.integer({ min: 1, max: 0x7fffffff });

/** xorshift32: the same seed gives the same NAT. */
export function draws(seed: number): Draw {
  let state = seed;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}
