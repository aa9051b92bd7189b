import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classifyAllocation, predictNext, type PredictionTest } from "../../../agents/probe/prediction.ts";
import { ipv4, port } from "../../../wire/address.ts";

const IP = ipv4("192.0.2.2");
const FIRST = 5000;

/** The paper's two tests from local ports 5000 to 5002, and from 5002 again, as seen under these outside ports. */
function tested(outside: readonly number[]): PredictionTest {
  const mapping = (outsidePort: number, index: number) => ({
    localPort: FIRST + Math.min(index, 2),
    outside: { ip: IP, port: port(outsidePort) },
  });
  const consecutive = outside.slice(0, 3).map(mapping);
  const repeated = mapping(outside[3] ?? 0, 3);
  return { consecutive, repeated, allocation: classifyAllocation(consecutive, repeated) };
}

describe("how a NAT allocates ports, and which one comes next", () => {
  it.each([
    ["the local ports themselves", [5000, 5001, 5002, 5002], { kind: "preserve" }, 5016, 5016],
    ["one more each time", [40_000, 40_001, 40_002, 40_003], { kind: "sequential", delta: 1 }, 5016, 40_004],
    ["five more each time", [40_000, 40_005, 40_010, 40_015], { kind: "sequential", delta: 5 }, 5016, 40_020],
    ["one less each time", [40_003, 40_002, 40_001, 40_000], { kind: "sequential", delta: -1 }, 5016, 39_999],
    ["one more than the local port", [5001, 5002, 5003, 5004], { kind: "sequential", delta: 1 }, 5016, 5005],
    ["the same again for the same local port", [61_234, 1999, 33_333, 33_333], { kind: "consistent" }, 5002, 33_333],
    ["sticky, counting per local port", [40_000, 40_001, 40_002, 40_002], { kind: "consistent" }, 5002, 40_002],
    ["no pattern", [61_234, 1999, 33_333, 4711], { kind: "random" }, 5016, 4711],
    ["almost one step", [40_000, 40_001, 40_002, 40_004], { kind: "random" }, 5016, 40_004],
    ["preserved but once", [5000, 5001, 5002, 61_234], { kind: "random" }, 5016, 61_234],
    ["wrapped around its range amid the test", [40_510, 40_511, 40_000, 40_001], { kind: "random" }, 5016, 40_001],
    ["at the top of all ports", [65_532, 65_533, 65_534, 65_535], { kind: "sequential", delta: 1 }, 5016, 1024],
    ["beyond the top by more", [65_520, 65_525, 65_530, 65_535], { kind: "sequential", delta: 5 }, 5016, 1028],
    ["down to the lowest", [1027, 1026, 1025, 1024], { kind: "sequential", delta: -1 }, 5016, 65_535],
    ["of the well-known ones too", [999, 1000, 1001, 1002], { kind: "sequential", delta: 1 }, 5016, 1003],
    ["down to the very lowest", [4, 3, 2, 1], { kind: "sequential", delta: -1 }, 5016, 65_535],
  ] as const)("%s: %j", (_, outside, allocation, fromLocal, next) => {
    const test = tested(outside);
    expect(test.allocation).toEqual(allocation);
    expect(predictNext(test, 5016)).toEqual({ localPort: fromLocal, outside: { ip: IP, port: next } });
  });

  it("is sequential for every constant step that is not the local ports' own, and predicts the step after", () => {
    const steps = fc.integer({ min: -500, max: 500 }).filter((step) => step !== 0);
    fc.assert(
      fc.property(fc.integer({ min: 10_000, max: 60_000 }), steps, (first, delta) => {
        const test = tested([0, 1, 2, 3].map((times) => first + times * delta));
        expect(test.allocation).toEqual({ kind: "sequential", delta });
        expect(predictNext(test, 5016).outside.port).toBe(first + 4 * delta);
      }),
    );
  });

  it("is always one of the four kinds, with a prediction that is a port", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(65_535), { minLength: 4, maxLength: 4 }), (outside) => {
        const { outside: next } = predictNext(tested(outside), 5016);
        expect(next.port).toBeGreaterThanOrEqual(0);
        expect(next.port).toBeLessThanOrEqual(65_535);
      }),
    );
  });
});
