import { describe, expect, it } from "vitest";
import type { Evidence } from "../../../orchestrator/evidence/types.ts";
import { sceneOf } from "../../../orchestrator/verdict/scene.ts";
import { checkTranslation } from "../../../orchestrator/verdict/translation.ts";
import { endpoint } from "./falsify.ts";
import { recorded } from "./recorded/index.ts";

/** A recorded trial as it would be were NB a plain router: A's side speaks to B's own address. */
async function withoutNb() {
  const { cell, evidence } = await recorded("direct-crossed");
  const { attempts, entries } = JSON.parse(
    JSON.stringify(evidence).replaceAll('"198.51.100.2"', '"10.2.0.2"'),
  ) as Evidence;
  const { a, b } = attempts;
  if (!a.ok || !b.ok) throw new Error("both agents hold a connection");
  const routed = { ...evidence, entries, attempts: { a, b: { ...b, local: a.remote } } };
  return { cell: { ...cell, nb: { kind: "router", name: "none" } as const }, evidence: routed };
}

describe("the translation of a connection with a NAT on one side only", () => {
  it("is whole where A's NAT holds what both hosts have", async () => {
    const { cell, evidence } = await withoutNb();
    const claims = checkTranslation(sceneOf(cell, evidence)).map((check) => "point" in check && check.point.claim);
    expect(claims).toEqual(["assured in NA", "NB is a plain router", "the same connection at both ends"]);
  });

  it("is not where B's connection is another than the one that A's NAT holds", async () => {
    const { cell, evidence } = await withoutNb();
    const b = { ...evidence.attempts.b, remote: endpoint("192.0.2.2", 1) };
    const checks = checkTranslation(sceneOf(cell, { ...evidence, attempts: { ...evidence.attempts, b } }));
    expect(checks.at(-1)).toEqual({ missing: "the NATs hold different connections" });
  });
});
