import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../../orchestrator/nat/model.ts";
import { renderRuleset } from "../../../orchestrator/nat/ruleset.ts";
import { GATEWAYS, PLACE } from "./models.ts";
import { missingForKernelTests, Namespace } from "./namespace.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: rule-sets on the real kernel (${missing})`);

describe.skipIf(missing)("a rule-set on the real kernel", () => {
  let box: Namespace;
  beforeAll(async () => {
    box = await Namespace.open();
  });
  afterAll(() => box?.[Symbol.asyncDispose]());

  it.each(Object.entries(GATEWAYS))(
    "loads for %s, twice, and leaves nothing of what was there before",
    (name, gateway) => {
      load(box, GATEWAYS[name === "full-cone" ? "carrier-blocks" : "full-cone"]!);
      load(box, gateway);
      const loaded = rulesOf(box);
      load(box, gateway);
      expect(rulesOf(box)).toEqual(loaded);
      const { iptables, nft } = renderRuleset(gateway, PLACE);
      expect(loaded.iptables).toHaveLength(iptables.match(/^-A /gm)?.length ?? 0);
      expect(loaded.chains).toEqual([...nft.matchAll(/^ {2}chain (\S+)/gm)].map(([, chain]) => chain));
    },
  );
});

function load(box: Namespace, gateway: Gateway): void {
  const { iptables, nft } = renderRuleset(gateway, PLACE);
  box.sh("iptables-nft-restore", iptables);
  box.sh("nft -f -", nft);
}

/** Rules of iptables, and the names of the chains in our own table. */
function rulesOf(box: Namespace): { iptables: string[]; chains: (string | undefined)[]; nft: string } {
  const nft = box.sh("nft list table ip natbed 2>/dev/null || :");
  return {
    iptables: box.sh("iptables-nft-save").match(/^-A .*$/gm) ?? [],
    chains: [...nft.matchAll(/^\tchain (\S+)/gm)].map(([, chain]) => chain),
    nft,
  };
}
