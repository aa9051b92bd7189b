import type { Gateway } from "../nat/model.ts";
import { renderRuleset } from "../nat/ruleset.ts";
import { gatewayPlace, lanRoute, type Side } from "../plan/wiring.ts";
import type { World } from "./world.ts";

const NAT_OF = { a: "na", b: "nb" } as const;

/** A rule-set as it was sent and as the kernel gave it back. */
export interface LoadedRules {
  readonly sent: string;
  readonly readBack: string;
}

/** Makes `side`'s gateway behave like `gateway` and reads back what the kernel holds now. */
export async function loadGateway(world: World, side: Side, gateway: Gateway): Promise<LoadedRules> {
  const rules = renderRuleset(gateway, gatewayPlace(side));
  const [{ readBack }] = await Promise.all([
    world.agent(NAT_OF[side]).call("gateway-load", rules),
    routeLan(world, side, gateway.kind),
  ]);
  return { sent: rules.iptables, readBack };
}

/** What R's route to each LAN was last set for; a fresh R has none, as behind a NAT. */
const routed = new WeakMap<World, Map<Side, Gateway["kind"]>>();

async function routeLan(world: World, side: Side, kind: Gateway["kind"]): Promise<void> {
  const known = routed.get(world) ?? new Map<Side, Gateway["kind"]>();
  routed.set(world, known);
  if ((known.get(side) ?? "nat") === kind) return;
  await world.agent("r").run(["ip", "-batch", "-"], `${lanRoute(side, kind)}\n`);
  known.set(side, kind);
}
