import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkModel } from "../../../orchestrator/nat/check.ts";
import { portSequence, renderSequence } from "../../../orchestrator/nat/sequence.ts";
import { renderRuleset } from "../../../orchestrator/nat/ruleset.ts";
import { models } from "./arbitrary.ts";
import { GATEWAYS, PLACE } from "./models.ts";

describe("renderRuleset", () => {
  it.each(Object.entries(GATEWAYS))("renders %s as checked in", async (name, gateway) => {
    const { iptables, nft } = renderRuleset(gateway, PLACE);
    await expect(iptables).toMatchFileSnapshot(`golden/${name}.rules`);
    if (nft.includes("{")) await expect(nft).toMatchFileSnapshot(`golden/${name}.nft`);
  });

  it.each(Object.entries(GATEWAYS))("names every table for %s, so that stale rules vanish", (_, gateway) => {
    const { iptables: text } = renderRuleset(gateway, PLACE);
    expect(text.match(/^\*.*$/gm)).toEqual(["*raw", "*mangle", "*nat", "*filter"]);
    expect(text.match(/^COMMIT$/gm)).toHaveLength(4);
  });

  it("bounds everything that packets can write into, whatever the NAT", () => {
    const built = models.filter((model) => checkModel(model).length === 0);
    fc.assert(
      fc.property(built, (model) => {
        const { nft } = renderRuleset({ kind: "nat", name: "any", model }, PLACE);
        const written = new Set([...nft.matchAll(/(?:add|update) @(\w+)/g)].map(([, name]) => name));
        const bounded = [...nft.matchAll(/(?:set|map) (\w+) \{[^{}]*\bsize 65535\n *flags dynamic/g)];
        expect(bounded.map(([, name]) => name)).toEqual(expect.arrayContaining([...written]));
      }),
      { numRuns: 300 },
    );
  });
});

describe("renderSequence", () => {
  const sequential = fc
    .record({
      from: fc.integer({ min: 1024, max: 60000 }),
      step: fc.integer({ min: -9, max: 9 }),
      count: fc.integer({ min: 2, max: 700 }),
    })
    .filter(({ step }) => step !== 0)
    .map(({ from, step, count }) => ({
      kind: "sequential" as const,
      step,
      range: { from, to: Math.min(65535, from + (count - 1) * Math.abs(step)) },
    }));

  it("gives successive connections successive ports and starts over, for any step and length", () => {
    fc.assert(
      fc.property(sequential, (ports) => {
        const expected = portSequence(ports);
        const next = simulate(renderSequence(ports));
        const twice = Array.from({ length: 2 * expected.length }, () => next());
        expect(twice).toEqual([...expected, ...expected]);
      }),
      { numRuns: 60 },
    );
  });

  it("walks few rules per connection where the range is long", () => {
    const chains = renderSequence({ kind: "sequential", step: 1, range: { from: 40000, to: 40511 } });
    expect(Math.max(...chains.map((chain) => chain.rules.length))).toBeLessThanOrEqual(32);
  });
});

/** What the kernel does with a new connection: walk the entry chain, count at every `statistic` rule, follow -g, stop at a target. */
function simulate(chains: ReturnType<typeof renderSequence>): () => number {
  const seen = new Map<string, number>();
  const walk = (name: string): number => {
    for (const rule of chains.find((chain) => chain.name === name)!.rules) {
      const every = Number(/--every (\d+)/.exec(rule)?.[1] ?? 1);
      const count = seen.get(rule) ?? 0;
      seen.set(rule, count + 1);
      if (count % every !== 0) continue;
      const group = /-g (\S+)/.exec(rule)?.[1];
      return group ? walk(group) : Number(/--to-ports (\d+)/.exec(rule)![1]);
    }
    throw new Error(`${name} has no last rule`);
  };
  return () => walk("SEQ");
}
