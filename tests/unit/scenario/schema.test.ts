import { format } from "prettier";
import { expect, it } from "vitest";
import { scenarioJsonSchema } from "../../../orchestrator/scenario/schema.ts";

it("publishes the JSON Schema that belongs to the code (vitest -u renews it)", async () => {
  const text = await format(JSON.stringify(scenarioJsonSchema()), { parser: "json", printWidth: 120 });
  await expect(text).toMatchFileSnapshot("../../../scenarios/scenario.schema.json");
});
