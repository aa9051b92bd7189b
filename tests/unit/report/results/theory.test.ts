import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ALL_PORTS,
  MOST_OF_ALL,
  birthdayRate,
  blindSprayRate,
  crosses,
  searchMean,
  sprayRate,
  undisturbedRate,
} from "../../../../orchestrator/report/results/theory.ts";
import { loadScenario } from "../../../../orchestrator/scenario/load.ts";
import { seededDraws, seededPorts } from "../../../../wire/seeded.ts";
import type { TechniqueSpec } from "../../../../wire/technique.ts";

describe("the birthday", () => {
  it("is sure, or impossible, where it must be", () => {
    expect(birthdayRate(0, 100)).toBe(0);
    expect(birthdayRate(100, 0)).toBe(0);
    expect(birthdayRate(1, ALL_PORTS)).toBeCloseTo(1, 12);
    expect(birthdayRate(6, 5, 10)).toBe(1);
  });

  it("is one port out of all for one SYN and one guess, and does not care which of the two is which", () => {
    expect(birthdayRate(1, 1)).toBeCloseTo(1 / ALL_PORTS, 15);
    const few = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(few, few, (syns, answers) => {
        expect(birthdayRate(syns, answers)).toBeCloseTo(birthdayRate(answers, syns), 10);
      }),
    );
  });

  it("is what drawing ports shows", () => {
    const ports = { from: 1, to: 1000 };
    const hits = Array.from({ length: 2000 }, (_, draw) => {
      const mapped = new Set(seededPorts(`${draw}/mapped`, 30, ports));
      return seededPorts(`${draw}/guessed`, 30, ports).some((port) => mapped.has(port));
    });
    const share = hits.filter(Boolean).length / hits.length;
    expect(Math.abs(share - birthdayRate(30, 30, 1000))).toBeLessThan(0.045); // four standard errors
  });

  it("is the rate that the scenarios expect, as the spray's is", async () => {
    for (const name of ["paper", "rates", "open"]) {
      const { cells } = await loadScenario(new URL(`../../../../scenarios/${name}.yaml`, import.meta.url).pathname);
      const drawn = cells.flatMap(({ technique, expected }) => {
        const theory = theoryOf(technique);
        return theory !== undefined && expected.verdict === "direct" && typeof expected.rate === "number"
          ? [{ technique, theory, rate: expected.rate }]
          : [];
      });
      expect(drawn.length).toBeGreaterThan(0);
      for (const { technique, theory, rate } of drawn) expect(rate, JSON.stringify(technique)).toBeCloseTo(theory, 4);
    }
  });
});

describe("the spray", () => {
  it("hits but for what Linux finds no port for with a SYN from every port, and never with none", () => {
    expect(sprayRate(ALL_PORTS, 1)).toBe(MOST_OF_ALL);
    expect(sprayRate(ALL_PORTS * 2, 1)).toBe(MOST_OF_ALL);
    expect(sprayRate(ALL_PORTS, 2)).toBeCloseTo(1 - 1 / 8264, 5);
    expect(sprayRate(0, 5)).toBe(0);
  });

  it("meets blindly as often as both sides have the other's port", () => {
    expect(blindSprayRate(ALL_PORTS, 1)).toBe(MOST_OF_ALL ** 2);
    expect(blindSprayRate(ALL_PORTS, 2)).toBeCloseTo(1 - 2.3e-7, 8);
    expect(blindSprayRate(5793, 2, 8192)).toBeCloseTo(0.9375, 4);
    expect(blindSprayRate(ALL_PORTS / 2, 1)).toBe(0.25);
    expect(blindSprayRate(5793, 1, 8192)).toBeCloseTo(0.5001, 4); // what scenarios/searches.yaml expects
  });

  it("has a chance anew with each anchor", () => {
    expect(sprayRate(ALL_PORTS / 2, 1)).toBe(0.5);
    expect(sprayRate(ALL_PORTS / 2, 3)).toBe(1 - 0.5 ** 3);
  });
});

it("a NAT of Linux leaves so many ports unused by as many connections as there are ports", () => {
  const draws = seededDraws("bounded search");
  const used = new Set<number>();
  const gives = (): boolean => {
    for (let tries = 128; tries >= 8; tries /= 2) {
      const offset = Math.floor(draws.next().value * 65_536);
      for (let n = 0; n < tries; n += 1) {
        const port = (offset + n) % ALL_PORTS;
        if (!used.has(port)) return Boolean(used.add(port));
      }
    }
    return false;
  };
  for (let n = 0; n < ALL_PORTS; n += 1) gives();
  expect(used.size / ALL_PORTS).toBeCloseTo(MOST_OF_ALL, 2);
  expect(Math.abs(used.size / ALL_PORTS - MOST_OF_ALL)).toBeLessThan(0.002);
});

it("a prediction without age holds, and one as old as the mean pause in one of e trials", () => {
  expect(undisturbedRate([0, 0], 50)).toBe(1);
  expect(undisturbedRate([50], 50)).toBeCloseTo(1 / Math.E, 12);
  expect(undisturbedRate([0, 50], 50)).toBeCloseTo((1 + 1 / Math.E) / 2, 12);
});

it("a search in random order takes half of the ports on average", () => {
  expect(searchMean(1)).toBe(1);
  expect(searchMean(3)).toBe((1 + 2 + 3) / 3);
  expect(searchMean()).toBe(32_256.5);
});

it("SYNs cross if the later one leaves before the earlier arrives", () => {
  expect(crosses(0, 5) && crosses(4.9, 5)).toBe(true);
  expect(crosses(5, 5) || crosses(0, 0) || crosses(80, 5)).toBe(false);
});

function theoryOf(technique: TechniqueSpec): number | undefined {
  if (technique.name === "birthday-open") return birthdayRate(technique.sockets, technique.targets);
  if (technique.name === "natblaster-6")
    return (technique.search === "anchor" ? sprayRate : blindSprayRate)(technique.packets, technique.anchors);
  return technique.name === "natblaster-4" && "syns" in technique
    ? birthdayRate(technique.syns, technique.syns)
    : undefined;
}
