import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { NATS } from "../../orchestrator/nat/catalogue.ts";
import { completeModel } from "../../orchestrator/nat/model.ts";
import { renderRuleset } from "../../orchestrator/nat/ruleset.ts";
import { ADDRESS } from "../../orchestrator/plan/addresses.ts";
import { gatewayPlace } from "../../orchestrator/plan/shape.ts";
import { cleanWorld } from "../../orchestrator/world/attempt.ts";
import { loadGateway } from "../../orchestrator/world/gateways.ts";
import { probe } from "../../orchestrator/world/probe.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { nat, ROUTER } from "../kit/cells.ts";
import { until } from "../kit/until.ts";
import { openTestWorld } from "../kit/world.ts";
import { GATEWAYS } from "../unit/nat/models.ts";

const noEngine = inject("noEngine");

describe.skipIf(noEngine)("a gateway in a world", () => {
  let world: World;

  beforeAll(async () => {
    world = await openTestWorld("gateways");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  it.each(Object.entries(NATS))(
    "becomes %s of the catalogue, and is what it was before once it is that again",
    async (name, { axes }) => {
      const before = await loadGateway(world, "a", nat());
      const model = completeModel(axes);
      const { readBack } = await loadGateway(world, "a", { kind: "nat", name, model });
      const { synSentS } = model.timeouts;
      if (synSentS !== "never") expect(readBack).toContain(`nf_conntrack_tcp_timeout_syn_sent = ${synSentS}\n`);
      expect(stable((await loadGateway(world, "a", nat())).readBack)).toBe(stable(before.readBack));
    },
  );

  it.each(Object.entries(GATEWAYS))("takes the golden rule-set %s as it is", async (_, gateway) => {
    const { readBack } = await loadGateway(world, "a", gateway);
    const { iptables, nft, sysctls } = renderRuleset(gateway, gatewayPlace(world.shape, "na"));
    expect(countRules(readBack)).toBe(countRules(iptables));
    for (const chain of nft.match(/chain \w+/g) ?? []) expect(readBack).toContain(`${chain} {`);
    for (const [name, value] of Object.entries(sysctls)) expect(readBack).toContain(`${name} = ${value}\n`);
  });

  it("is nothing but a router after the NAT before it", async () => {
    await loadGateway(world, "a", nat({ hairpin: true, sourceRoute: "aware", timeouts: { synSentS: 5 } }));
    const { readBack } = await loadGateway(world, "a", ROUTER);
    expect(readBack).not.toContain("-A ");
    expect(readBack).toContain("nf_conntrack_tcp_timeout_syn_sent = 120\n");
    expect(await world.agent("na").run(["nft", "list", "tables"])).not.toContain("natbed");
  });

  it("may change settings of its own network and of nothing else", async () => {
    const { code } = await world.agent("na").call("exec", { argv: ["sh", "-c", "echo x > /proc/sys/kernel/hostname"] });
    expect(code).not.toBe(0);
  });

  it("says which setting it cannot make, as a fault of the world", async () => {
    const rules = { iptables: "", nft: "", duties: {}, sysctls: { "net.netfilter.nf_conntrack_tcp_loose": "no" } };
    await expect(world.agent("na").call("gateway-load", rules)).rejects.toMatchObject({
      kind: "infrastructure",
      message: expect.stringContaining("cannot set net.netfilter.nf_conntrack_tcp_loose to no") as unknown,
    });
  });

  it("tears a mapping down by the core's time-exceeded, of which the host still learns", async () => {
    await loadGateway(world, "a", nat({ timeExceeded: "teardown" }));
    await cleanWorld(world);
    world.takeLogs();
    const { afterSyn } = await probe(world, "a", { mode: "quick", seed: 1 });
    expect(afterSyn.ran && afterSyn.probes.find(({ stimulus }) => stimulus === "time-exceeded")).toMatchObject({
      stimulusArrived: true,
      probeArrived: false,
    });
    const torn = await until(
      "NA tells of it",
      () => world.takeLogs().find(({ what }) => what === "mapping torn down by ICMP"),
      { withinMs: 3000 },
    );
    expect(torn).toMatchObject({
      node: "na",
      detail: { existed: true, src: { ip: ADDRESS.a }, dst: { ip: ADDRESS.x } },
    });
  });
});

function countRules(text: string): number {
  return text.match(/^-A /gm)?.length ?? 0;
}

function stable(rules: string): string {
  return rules.replaceAll(/^# (Generated|Completed).*$/gm, "").replaceAll(/\[\d+:\d+\]/g, "");
}
