import { describe, expect, it } from "vitest";
import { loadScenario } from "../../../orchestrator/scenario/load.ts";

const { cells } = await loadScenario(new URL("../../../scenarios/rates.yaml", import.meta.url).pathname);

describe("scenarios/rates.yaml", () => {
  it("tries often enough for an interval to say something: ten times in a map's cell, fifty times where a rate is held against theory", () => {
    for (const { id, trials, technique } of cells)
      expect(trials, id).toBeGreaterThanOrEqual(technique.name === "simultaneous-open" ? 10 : 50);
  });

  it("crosses every skew with every delay and answer", () => {
    const crossing = cells.filter(({ technique }) => technique.name === "simultaneous-open");
    const skews = new Set(crossing.map(({ technique }) => "skewMs" in technique && technique.skewMs));
    const delays = new Set(crossing.map(({ core }) => core.delayMs));
    expect(crossing).toHaveLength(skews.size * delays.size * 2);
  });
});
