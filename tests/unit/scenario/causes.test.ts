import { describe, expect, it } from "vitest";
import { expandScenario, loadScenario } from "../../../orchestrator/scenario/load.ts";
import { CAUSES } from "../../../orchestrator/verdict/outcome.ts";

const path = new URL("../../../scenarios/causes.yaml", import.meta.url).pathname;

describe("scenarios/causes.yaml", () => {
  it("has one cell for each cause, named by it", async () => {
    const cells = expandScenario(await loadScenario(path));
    expect(cells.map(({ block }) => block).toSorted()).toEqual(CAUSES.toSorted());
    for (const { block, expected } of cells) expect(expected).toEqual({ verdict: "blocked", cause: block });
  });
});
