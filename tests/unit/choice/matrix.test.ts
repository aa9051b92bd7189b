import { describe, expect, it } from "vitest";
import { loadRules, loadScenario } from "../../../orchestrator/scenario/load.ts";
import { answerOf } from "../../../orchestrator/scenario/rules.ts";
import { isDirect, placesOf, planAt, stepsBeforeDirect, variantsOf, wordsOf } from "./worlds.ts";

const [table, { cells }] = await Promise.all([
  loadRules(),
  loadScenario(new URL("../../../scenarios/full.yaml", import.meta.url).pathname),
]);
const places = placesOf(cells).map((place) => ({ place, before: stepsBeforeDirect(table, place, planAt(place)) }));
const singles = variantsOf(table).filter(({ name }) => name !== "auto");

/** Each takes its deadline at most, and all of them leave enough of auto's time. */
const STEPS_BEFORE = 3;

describe("auto, wherever the full matrix has NATs,", () => {
  it("is direct where any single technique is", () => {
    const missed = places
      .filter(({ before }) => before === undefined)
      .flatMap(({ place }) => {
        const direct = singles.filter((technique) => isDirect(table, place, technique));
        return direct.length > 0 ? [`${wordsOf(place)}: ${direct.map((one) => JSON.stringify(one)).join(", ")}`] : [];
      });
    expect(missed, "give agents/choice/rules.ts a rule for it").toEqual([]);
  });

  it("does not try much in vain before", () => {
    const late = places.filter(({ before }) => (before ?? 0) > STEPS_BEFORE).map(({ place }) => wordsOf(place));
    expect(late).toEqual([]);
  });

  it("comes out as the table says", () => {
    const wrong = places.flatMap(({ place, before }) => {
      const answer = answerOf(table, { ...place, technique: { name: "auto", withinMs: 30_000 }, deadlineMs: 60_000 });
      // a rate claims less
      const said = typeof answer === "string" || "rate" in answer.rule ? undefined : answer.rule.verdict;
      const followed = before === undefined ? "relayed" : "direct";
      return said === undefined || said === followed ? [] : [`${wordsOf(place)}: ${followed}, by the table ${said}`];
    });
    expect(wrong).toEqual([]);
  });
});
