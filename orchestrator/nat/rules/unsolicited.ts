import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";

/** Only what no mapping admits reaches INPUT. Without a rule the box's own stack answers it with RST. */
export function unsolicitedRules({ unsolicitedSyn }: NatModel, { outside }: GatewayPlace): Fragment {
  return unsolicitedSyn === "drop" ? { iptables: { "filter INPUT": [`-i ${outside} -p tcp -j DROP`] } } : {};
}
