import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { ADDRESS } from "../../orchestrator/plan/addresses.ts";
import { coreNode, nodesOf } from "../../orchestrator/plan/nodes.ts";
import { outsideOf, SIDES, type Side, type WorldShape } from "../../orchestrator/plan/shape.ts";
import { loadLayer } from "../../orchestrator/world/gateways.ts";
import type { World } from "../../orchestrator/world/world.ts";
import type { NodeId } from "../../wire/control.ts";
import { nat, ROUTER } from "../kit/cells.ts";
import { dial, packetsOf } from "../kit/dial.ts";
import { openMany } from "../kit/mappings.ts";
import { NODE, openTestWorld } from "../kit/world.ts";

const noEngine = inject("noEngine");
const SHAPES: readonly (WorldShape & { readonly name: string })[] = [
  { name: "with neighbours on both sides", neighbours: ["a", "b"], carriers: [] },
  { name: "with a carrier before NA alone", neighbours: [], carriers: ["ca"] },
  { name: "with a carrier before each", neighbours: ["a"], carriers: ["ca", "cb"] },
  { name: "with a carrier that both share", neighbours: ["b"], carriers: ["c"] },
];
const NOBODYS_PORT = 5555;
const MEASURE_TTL = `
const [x, port] = process.argv.slice(1);
import("/opt/natbed/agents/probe/ttl.js")
  .then(({ measureTtl }) => measureTtl(x, Number(port), () => {}))
  .then((ttl) => { console.log(ttl); process.exit(); });
`;

describe.skipIf(noEngine).each(SHAPES)("a world $name", (shape) => {
  let world: World;
  let firstPort = 12_000;
  const hosts: NodeId[] = ["a", "b", ...shape.neighbours.map((side) => `${side}2` as const)];

  beforeAll(async () => {
    world = await openTestWorld("shapes", shape);
    await loadAll(nat());
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const loadAll = (gateway: Parameters<typeof loadLayer>[2]) =>
    Promise.all(world.gateways.map((at) => loadLayer(world, at, gateway)));
  const sh = async (id: NodeId, script: string): Promise<string> =>
    (await world.agent(id).run(["sh", "-ec", script])).trim();
  /** The address under which X sees a host. */
  const seenAs = async (id: NodeId): Promise<string> => {
    const [seen] = await openMany(world.agent(id), { firstPort: (firstPort += 10), count: 1 });
    return seen?.ip ?? "";
  };
  const carrierOf = (side: Side) => shape.carriers.find((id) => id === "c" || id === `c${side}`);

  it("has the nodes and the interfaces that are named, and no other", async () => {
    const recipes = [coreNode(shape), ...nodesOf(shape)];
    expect(world.ids.toSorted()).toEqual(recipes.map(({ id }) => id).toSorted());
    for (const { id, interfaces } of recipes)
      expect((await sh(id, "ls /sys/class/net")).split(/\s+/).toSorted(), id).toEqual(["lo", ...interfaces].toSorted());
  });

  it.each(hosts)("shows %s to X under the address of its outermost NAT", async (id) => {
    const side = id.startsWith("a") ? "a" : "b";
    expect(await seenAs(id)).toBe(outsideOf(shape, carrierOf(side) ?? `n${side}`));
  });

  it("lets hosts be seen as they are where every gateway is a plain router, and only there", async () => {
    await loadAll(ROUTER);
    for (const id of ["a", "b"] as const) expect(await seenAs(id)).toBe(ADDRESS[id]);
    for (const at of world.gateways) {
      await loadLayer(world, at, nat());
      const side = at === "nb" || at === "cb" ? "b" : "a";
      expect(await seenAs(side), `with a NAT at ${at} alone`).toBe(outsideOf(shape, at));
      await loadLayer(world, at, ROUTER);
    }
    await loadAll(nat());
  });

  it.each(SIDES)(
    "lets a SYN of %s that ends one hop short of X end at R, behind every NAT of its own",
    async (side) => {
      const words = [NODE, "-e", MEASURE_TTL, ADDRESS.x, String((firstPort += 20))];
      const ttl = Number(await world.agent(side).run(words));
      expect(ttl).toBe(carrierOf(side) ? 3 : 2);
    },
  );

  it("knows no private address of the other side (I-1)", async () => {
    for (const [from, to] of [
      ["a", "b"],
      ["b", "a"],
    ] as const) {
      const targets = [ADDRESS[to], ADDRESS[`n${to}Inside`], ...(carrierOf(to) ? [outsideOf(shape, `n${to}`)] : [])];
      await Promise.all([to, `n${to}` as const].map((id) => world.agent(id).call("capture-begin", {})));
      for (const target of targets)
        expect(await dial(world.agent(from), target, NOBODYS_PORT), target).not.toBe("connected");
      for (const id of [to, `n${to}` as const]) {
        const seen = (await packetsOf(world.agent(id))).filter(({ tcp }) => tcp?.dstPort === NOBODYS_PORT);
        expect(seen, `${from} reached ${id}`).toEqual([]);
      }
    }
  });
});
