import { describe, expect, it } from "vitest";
import { renderRuleset } from "../../../orchestrator/nat/ruleset.ts";
import { useExchange } from "./exchange.ts";
import { PLACE } from "./models.ts";
import { missingForKernelTests } from "./namespace.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: swapping NATs on the real kernel (${missing})`);

describe.skipIf(missing)("a NAT on the real kernel", () => {
  const on = useExchange();

  it("has nothing left of the NAT before it, nor has a plain router", async () => {
    const plain = await on.lab.load();
    const odd = { sourceRoute: "aware", reset: "ignore", windowTracking: "liberal", outOfState: "translate" } as const;
    expect(
      await on.lab.load({ ...odd, timeouts: { synSentS: 7, establishedS: 8, closingS: 9 }, unsolicitedSyn: "reset" }),
    ).not.toBe(plain);
    expect(stable(await on.lab.load())).toBe(stable(plain));
    const { readBack } = await on.lab.agent.call("gateway-load", renderRuleset({ kind: "router" }, PLACE));
    expect(settingsOf(readBack)).toBe(settingsOf(plain));
    expect(readBack).not.toContain("-A ");
    expect(on.lab.box.sh("nft list tables")).not.toContain("table ip natbed");
  });

  const stable = (rules: string): string =>
    rules.replaceAll(/^# (Generated|Completed).*$/gm, "").replaceAll(/\[\d+:\d+\]/g, "");
  const settingsOf = (rules: string): string => rules.slice(rules.indexOf("# sysctls"));
});
