import { format } from "prettier";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { reportFile, reportJsonSchema, resultFile } from "../../../orchestrator/report/schema.ts";
import { reportOf, resultsWith, TROUBLED } from "./results.ts";

describe("report.json", () => {
  it("has the JSON Schema that is published (vitest -u renews it)", async () => {
    const text = await format(JSON.stringify(reportJsonSchema()), { parser: "json", printWidth: 120 });
    await expect(text).toMatchFileSnapshot("../../../docs/report.schema.json");
  });

  it("is what the schema says", () => {
    const schema = z.fromJSONSchema(reportJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
    for (const report of [reportOf(TROUBLED), reportOf(resultsWith())]) {
      const { success, error } = schema.safeParse(report);
      expect(success, error && z.prettifyError(error)).toBe(true);
    }
  });

  it.each([
    ["a cell of no name", { cell: { id: "" } }],
    ["a cell that is no folder's name", { cell: { id: "../../etc" } }],
    ["a directory outside the run", { dir: "cells/../../../etc" }],
    ["a cause that does not exist", { verdict: "blocked", cause: "sabotage" }],
    ["a trial elsewhere", { trials: [{ n: 1, outcome: {}, tookMs: 1, dir: "/etc/trial-1" }] }],
  ])("refuses %s", (_, change) => {
    const [one] = resultsWith();
    expect(resultFile.safeParse(one).success).toBe(true);
    const cell = "cell" in change ? { ...one!.cell, ...change.cell } : one!.cell;
    expect(resultFile.safeParse({ ...one, ...change, cell }).success).toBe(false);
  });

  it("keeps the fields that it does not know", () => {
    const report = { ...reportOf(resultsWith()), novelty: { deep: 1 } };
    expect(reportFile.parse(report)).toEqual(report);
  });
});
