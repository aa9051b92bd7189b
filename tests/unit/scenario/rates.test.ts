import { describe, expect, it } from "vitest";
import { loadScenario } from "../../../orchestrator/scenario/load.ts";

const { cells } = await loadScenario(new URL("../../../scenarios/rates.yaml", import.meta.url).pathname);

describe("scenarios/rates.yaml", () => {
  it("tries often enough for an interval to say something: in a map's cell ten times, and fifty where a rate is held against theory", () => {
    for (const { id, trials, technique } of cells) expect(trials, id).toBeGreaterThanOrEqual(leastOf(technique.name));
  });

  it("crosses every skew with every delay and answer", () => {
    const crossing = cells.filter(({ technique }) => technique.name === "simultaneous-open");
    const skews = new Set(crossing.map(({ technique }) => "skewMs" in technique && technique.skewMs));
    const delays = new Set(crossing.map(({ core }) => core.delayMs));
    expect(crossing).toHaveLength(skews.size * delays.size * 2);
  });
});

/** A spray takes seconds, and says with twenty as much as is asked of it: n of all ports. */
function leastOf(technique: string): number {
  if (technique === "simultaneous-open") return 10;
  return technique === "natblaster-6" ? 20 : 50;
}
