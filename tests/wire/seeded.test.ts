import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededBytes, seededDraws, seededPorts, sha256 } from "../../wire/seeded.ts";

describe("seeded bytes", () => {
  it("are the same today as in a recorded run", () => {
    expect(seededBytes("natbed", 8).toString("hex")).toBe("4f269c5a6d4734bf");
  });

  it("follow from the seed, and a shorter stream begins a longer one", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(200), fc.nat(200), (seed, length, more) => {
        expect(seededBytes(seed, length)).toHaveLength(length);
        expect(seededBytes(seed, length + more).subarray(0, length)).toEqual(seededBytes(seed, length));
      }),
    );
  });

  it("differ between seeds", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        fc.pre(one !== other);
        expect(seededBytes(one, 16)).not.toEqual(seededBytes(other, 16));
      }),
    );
  });

  it("have the digest that a receiver computes", () => {
    const bytes = seededBytes("x", 1000);
    expect(sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(sha256(new Uint8Array(0))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });
});

describe("seeded draws", () => {
  const draws = (seed: string, count: number): number[] => {
    const sequence = seededDraws(seed);
    return Array.from({ length: count }, () => sequence.next().value);
  };

  it("follow from the seed, and go on for ever", () => {
    expect(draws("1", 5_000)).toEqual(draws("1", 5_000));
    expect(new Set(draws("1", 5_000)).size).toBeGreaterThan(4_990);
    expect(draws("1", 10)).not.toEqual(draws("2", 10));
  });

  it("are spread evenly from 0 to below 1", () => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (const draw of draws("even", 10_000)) counts[Math.floor(draw * 10)]! += 1;
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150); // five standard deviations of 30
  });
});

describe("seeded ports", () => {
  const ranges = fc.tuple(fc.integer({ min: 1024, max: 65_535 }), fc.nat(300)).map(([from, size]) => ({
    from,
    to: Math.min(65_535, from + size),
  }));

  it("are distinct, within the range, as many as asked for, and repeatable", () => {
    fc.assert(
      fc.property(fc.string(), ranges, fc.nat(), (seed, range, draw) => {
        const count = draw % (range.to - range.from + 2);
        const ports = seededPorts(seed, count, range);
        expect(new Set(ports).size).toBe(count);
        expect(ports.every((port) => port >= range.from && port <= range.to)).toBe(true);
        expect(seededPorts(seed, count, range)).toEqual(ports);
      }),
    );
  });

  it("cover a range whole and in an order of the seed's own", () => {
    const all = (seed: string) => seededPorts(seed, 64_512, { from: 1024, to: 65_535 });
    expect(all("1").toSorted((p, q) => p - q)).toEqual(Array.from({ length: 64_512 }, (_, index) => 1024 + index));
    expect(all("1")).not.toEqual(all("2"));
  });

  it("spread evenly over the range", () => {
    const upper = Array.from({ length: 200 }, (_, seed) => seededPorts(String(seed), 100, { from: 2000, to: 3999 }))
      .flat()
      .filter((port) => port >= 3000).length;
    expect(upper).toBeGreaterThan(9_600); // 10,000 expected, standard deviation about 70
    expect(upper).toBeLessThan(10_400);
  });

  it("beyond the size of the range are refused", () => {
    expect(() => seededPorts("1", 3, { from: 5000, to: 5001 })).toThrow("3 distinct ports out of 2");
  });
});
