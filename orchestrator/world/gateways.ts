import type { Gateway } from "../nat/model.ts";
import { renderRuleset } from "../nat/ruleset.ts";
import { LAN } from "../plan/addresses.ts";
import { lanRoute } from "./nodes.ts";
import type { World } from "./world.ts";

export type Side = "a" | "b";
const NAT_OF = { a: "na", b: "nb" } as const;

/** A rule-set as it was sent and as the kernel gave it back. */
export interface LoadedRules {
  readonly sent: string;
  readonly readBack: string;
}

/** Makes `side`'s gateway behave like `gateway` and reads back what the kernel holds now. */
export async function loadGateway(world: World, side: Side, gateway: Gateway): Promise<LoadedRules> {
  const place = { inside: "in", outside: "out", lan: LAN[side] };
  const { tool, text } = renderRuleset(gateway, place);
  const [readBack] = await Promise.all([
    world.agent(NAT_OF[side]).run(["sh", "-ec", `${tool}; iptables-save`], text),
    world.agent("r").run(["ip", "-batch", "-"], `${lanRoute(side, gateway.kind)}\n`),
  ]);
  return { sent: text, readBack };
}
