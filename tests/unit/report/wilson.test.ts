import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binomialP, rateSurprise, wilsonInterval } from "../../../orchestrator/report/wilson.ts";

const counts = fc
  .integer({ min: 1, max: 400 })
  .chain((of) => fc.record({ of: fc.constant(of), hits: fc.integer({ min: 0, max: of }) }));

describe("wilsonInterval", () => {
  it.each([
    // Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("of %i in %i is what Newcombe's table says", (hits, of, low, high) => {
    expect(wilsonInterval(hits, of)).toEqual({
      low: expect.closeTo(low, 4) as number,
      high: expect.closeTo(high, 4) as number,
    });
  });

  it("lies in [0, 1], holds the observed rate, and mirrors when hits and misses change places", () => {
    fc.assert(
      fc.property(counts, ({ hits, of }) => {
        const { low, high } = wilsonInterval(hits, of);
        const mirrored = wilsonInterval(of - hits, of);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(hits / of);
        expect(high).toBeGreaterThanOrEqual(hits / of);
        expect(mirrored.low).toBeCloseTo(1 - high, 10);
      }),
    );
  });

  it("narrows with more trials and says nothing without any", () => {
    const width = (of: number) => wilsonInterval(of / 2, of).high - wilsonInterval(of / 2, of).low;
    expect(width(400)).toBeLessThan(width(40));
    expect(wilsonInterval(0, 0)).toEqual({ low: 0, high: 1 });
  });
});

describe("binomialP", () => {
  it("is the exact two-sided p-value", () => {
    expect(binomialP(0, 5, 0.5)).toBeCloseTo(2 / 32, 12);
    expect(binomialP(1, 5, 0.5)).toBeCloseTo(12 / 32, 12);
    expect(binomialP(7, 10, 0.5)).toBeCloseTo(0.34375, 12);
    expect(binomialP(4, 5, 1)).toBe(0);
    expect(binomialP(5, 5, 1)).toBe(1);
  });

  it("is a probability, and 1 for the likeliest count", () => {
    fc.assert(
      fc.property(counts, fc.double({ min: 0.01, max: 0.99, noNaN: true }), ({ hits, of }, rate) => {
        const p = binomialP(hits, of, rate);
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(binomialP(Math.floor((of + 1) * rate), of, rate)).toBeCloseTo(1, 6);
      }),
    );
  });
});

describe("rateSurprise", () => {
  it("accepts what chance does to a right implementation, and sees a wrong one", () => {
    expect(rateSurprise(4, 5, 0.9506)).toBe(false);
    expect(rateSurprise(3, 5, 0.9506)).toBe(false);
    expect(rateSurprise(1, 5, 0.9506)).toBe(true);
    expect(rateSurprise(0, 5, 0.9506)).toBe(true);
    expect(rateSurprise(80, 100, 0.9506)).toBe(true);
    expect(rateSurprise(0, 0, 0.9506)).toBe(false);
  });

  it("takes a range at its word: inside it nothing contradicts, outside it the nearer end counts", () => {
    expect(rateSurprise(0, 50, { from: 0, to: 1 })).toBe(false);
    expect(rateSurprise(50, 50, { from: 0, to: 1 })).toBe(false);
    expect(rateSurprise(20, 50, { from: 0.3, to: 0.5 })).toBe(false);
    expect(rateSurprise(28, 50, { from: 0.3, to: 0.5 })).toBe(rateSurprise(28, 50, 0.5));
    expect(rateSurprise(45, 50, { from: 0.3, to: 0.5 })).toBe(true);
    expect(rateSurprise(1, 50, { from: 0.3, to: 0.5 })).toBe(true);
  });

  it("is wrong about a right implementation in fewer than one of 10,000 runs, whatever the rate", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0.01, max: 0.99, noNaN: true }), (of, rate) => {
        let wrong = 0;
        for (let k = 0; k <= of; k++) if (rateSurprise(k, of, rate)) wrong += probability(k, of, rate);
        expect(wrong).toBeLessThan(1e-4);
      }),
    );
  });
});

function probability(k: number, n: number, rate: number): number {
  let ways = 1;
  for (let i = 0; i < k; i++) ways *= (n - i) / (i + 1);
  return ways * rate ** k * (1 - rate) ** (n - k);
}
