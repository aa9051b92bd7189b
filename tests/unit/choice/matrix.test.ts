import { describe, expect, it } from "vitest";
import { loadRules, loadScenario } from "../../../orchestrator/scenario/load.ts";
import { answerOf } from "../../../orchestrator/scenario/rules.ts";
import type { HostRole } from "../../../wire/rendezvous.ts";
import type { Traversal } from "../../../wire/technique.ts";
import {
  isDirect,
  isPossible,
  placesOf,
  planAt,
  stepsBeforeDirect,
  variantsOf,
  wordsOf,
  type Means,
  type Place,
} from "./worlds.ts";

const [table, { cells }] = await Promise.all([
  loadRules(),
  loadScenario(new URL("../../../scenarios/full.yaml", import.meta.url).pathname),
]);
const places = placesOf(cells).map((place) => ({ place, before: stepsBeforeDirect(table, place, planAt(place)) }));
const singles = variantsOf(table).filter((technique): technique is Traversal => technique.name !== "auto");
/** What is direct there by itself, and whether A or B plays the technique's a. */
const directAt = (place: Place): readonly { readonly technique: Traversal; readonly a: HostRole }[] =>
  singles.flatMap((technique) =>
    (["a", "b"] as const).flatMap((a) =>
      isDirect(table, a === "a" ? place : { ...place, na: place.nb, nb: place.na }, technique)
        ? [{ technique, a }]
        : [],
    ),
  );
const swapped = ({ a, b, forges }: Means): Means => ({ a: b, b: a, forges });
const HOSTS = [["raw", "admin"], ["raw"], []] as const;
/** Hosts with less than they could have, and an X with it or without. */
const MEANS: readonly Means[] = HOSTS.flatMap((a) =>
  HOSTS.flatMap((b) => [true, false].map((forges) => ({ a, b, forges }))),
);

/** Each takes its deadline at most, and all of them leave enough of auto's time. */
const STEPS_BEFORE = 3;

describe("auto, wherever the full matrix has NATs,", () => {
  it("is direct where any single technique is, given the same capabilities", { timeout: 60_000 }, () => {
    const missed = places.flatMap(({ place }) => {
      const direct = directAt(place);
      return MEANS.flatMap((means) => {
        if (stepsBeforeDirect(table, place, planAt(place, means)) !== undefined) return [];
        const possible = direct.filter(({ technique, a }) => isPossible(technique, a === "a" ? means : swapped(means)));
        const words = possible.map(({ technique, a }) => `${JSON.stringify(technique)} ${a}`);
        return words.length > 0 ? [`${wordsOf(place)}, ${JSON.stringify(means)}: ${words.join(", ")}`] : [];
      });
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
