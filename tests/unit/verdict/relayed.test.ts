import { describe, expect, it } from "vitest";
import { judge } from "../../../orchestrator/verdict/judge.ts";
import { mapExchange, mapFlows } from "./falsify.ts";
import { recorded } from "./recorded/index.ts";

describe("a connection through X", () => {
  it("is relayed, with what X carried", async () => {
    const relay = await recorded("relayed");
    const outcome = judge(relay.cell, relay.evidence);
    expect(outcome).toMatchObject({ verdict: "relayed", via: "x" });
    expect(outcome.why).toMatch(/^the data went through X: \S+ → 203\.0\.113\.2:7004 carried 10\d{5} payload bytes/);
  });

  it("whose data went on while X was cut off is no relay, though X carried as much", async () => {
    const relay = await recorded("relayed");
    const during = mapExchange("afterCut", "a", { receivedBytes: 64 << 10 })(relay.evidence);
    expect(judge(relay.cell, during)).toMatchObject({ verdict: "unknown" });
  });

  it("that carried less than the exchange is no relay", async () => {
    const relay = await recorded("relayed");
    const less = mapFlows("x", (flow) => ({ ...flow, payloadBytes: Math.min(flow.payloadBytes, 100_000) }))(
      relay.evidence,
    );
    expect(judge(relay.cell, less)).toMatchObject({ verdict: "unknown" });
  });

  it("whose data did not arrive whole is no relay", async () => {
    const relay = await recorded("relayed");
    const short = mapExchange("exchange", "a", { receivedBytes: 17 })(relay.evidence);
    expect(judge(relay.cell, short)).toMatchObject({ verdict: "unknown" });
  });
});
