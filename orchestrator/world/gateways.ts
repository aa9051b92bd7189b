import type { Gateway } from "../nat/model.ts";
import { renderRuleset } from "../nat/ruleset.ts";
import { routesOf, type Route } from "../plan/routes.ts";
import { gatewayPlace, type ByGateway, type GatewayId, type Side } from "../plan/shape.ts";
import type { World } from "./world.ts";

/** A rule-set as it was sent and as the kernel gave it back. */
export interface LoadedRules {
  readonly sent: string;
  readonly readBack: string;
}

/** Makes `side`'s home gateway behave like `gateway`, as loadLayer does. */
export function loadGateway(world: World, side: Side, gateway: Gateway): Promise<LoadedRules> {
  return loadLayer(world, `n${side}`, gateway);
}

/** Makes the gateway at `at` behave like `gateway` and reads back what the kernel holds now. */
export async function loadLayer(world: World, at: GatewayId, gateway: Gateway): Promise<LoadedRules> {
  const rules = renderRuleset(gateway, gatewayPlace(world.shape, at));
  const [{ readBack }] = await Promise.all([
    world.agent(at).call("gateway-load", rules),
    routeInwards(world, at, gateway.kind),
  ]);
  return { sent: rules.iptables, readBack };
}

interface Routing {
  readonly kinds: ByGateway<Gateway["kind"]>;
  readonly routes: readonly Route[];
  /** Settled once the nodes have these routes. */
  readonly done: Promise<unknown>;
}

/** What is routed inwards in each world; nothing in a fresh one, as behind NATs. */
const routings = new WeakMap<World, Routing>();
const ALL_NATS: ByGateway<Gateway["kind"]> = { na: "nat", nb: "nat", ca: "nat", cb: "nat", c: "nat" };

async function routeInwards(world: World, at: GatewayId, kind: Gateway["kind"]): Promise<void> {
  const before = routings.get(world) ?? { kinds: ALL_NATS, routes: [], done: Promise.resolve() };
  const kinds = { ...before.kinds, [at]: kind };
  const routes = routesOf(world.shape, kinds);
  const done = before.done.then(() => changeRoutes(world, before.routes, routes));
  routings.set(world, { kinds, routes, done });
  await done;
}

async function changeRoutes(world: World, before: readonly Route[], now: readonly Route[]): Promise<void> {
  const lines = (verb: "add" | "del", routes: readonly Route[], others: readonly Route[]) =>
    routes
      .filter((route) => !others.some((other) => same(route, other)))
      .map(({ on, prefix, via }) => ({ on, line: `route ${verb} ${prefix} via ${via}` }));
  const byNode = Map.groupBy([...lines("del", before, now), ...lines("add", now, before)], ({ on }) => on);
  for (const [on, changes] of byNode)
    await world.agent(on).run(["ip", "-batch", "-"], changes.map(({ line }) => `${line}\n`).join(""));
}

function same(one: Route, other: Route): boolean {
  return one.on === other.on && one.prefix === other.prefix && one.via === other.via;
}
