import { PLAIN_CORE, type CoreModel, type GatewayRules } from "../../wire/control.ts";
import type { Gateway } from "./model.ts";
import { completeModel } from "./model.ts";
import { renderRuleset, type GatewayPlace } from "./ruleset.ts";

/** What some NATs and cores need of kernel and engine beyond what every world needs (that the doctor's preflight asks for). */
export const CAPABILITIES = [
  "nft-nat",
  "nft-sets",
  "nft-numgen",
  "nft-ct",
  "nft-ct-count",
  "nft-notrack",
  "nft-rewrite",
  "nft-ip-options",
  "nft-tcp-options",
  "nft-reject",
  "iptables-reject",
  "iptables-connmark",
  "iptables-hashlimit",
  "iptables-rpfilter",
  "iptables-ttl",
  "network-settings",
] as const;
export type Capability = (typeof CAPABILITIES)[number];

type Sign = (ruleset: Pick<GatewayRules, "iptables" | "nft">) => boolean;
const inNft =
  (pattern: RegExp): Sign =>
  ({ nft }) =>
    pattern.test(nft);
const inIptables =
  (pattern: RegExp): Sign =>
  ({ iptables }) =>
    pattern.test(iptables);

/** How a rule-set shows that it needs something: read off the rules themselves, so that the two cannot drift apart. */
const SIGNS: Readonly<Record<Exclude<Capability, "network-settings">, Sign>> = {
  "nft-nat": inNft(/\b(?:snat|dnat|masquerade|redirect)\b/),
  "nft-sets": inNft(/^\s*(?:set|map) /m),
  "nft-numgen": inNft(/\bnumgen\b/),
  "nft-ct": inNft(/\bct (?!timeout)/),
  "nft-ct-count": inNft(/\bct count\b/),
  "nft-notrack": inNft(/\bnotrack\b/),
  "nft-rewrite": inNft(/(?:\b(?:ip|tcp|icmp) \w+|@\w+,\d+,\d+) set /),
  "nft-ip-options": inNft(/\bip option\b/),
  "nft-tcp-options": inNft(/\breset tcp option\b/),
  "nft-reject": inNft(/\breject\b/),
  "iptables-reject": inIptables(/-j REJECT\b/),
  "iptables-connmark": inIptables(/-j CONNMARK\b|-m connmark\b/),
  "iptables-hashlimit": inIptables(/-m hashlimit\b/),
  "iptables-rpfilter": inIptables(/-m rpfilter\b/),
  "iptables-ttl": inIptables(/-j TTL\b/),
};

/** Any place will do: only the kind of rules counts. */
const PLACE: GatewayPlace = { outside: "out", lan: "10.0.0.0/8", outsideAddress: "192.0.2.2" };

/** Settings that every NAT's container has from the start: what equals them is not written. */
const PLAIN_SETTINGS = rendered({
  kind: "nat",
  name: "plain",
  model: completeModel({ ports: { kind: "preserve" } }),
}).sysctls;

/** What a gateway needs beyond what every world needs; empty for a plain router. */
export function needsOfGateway(gateway: Gateway): Capability[] {
  const ruleset = rendered(gateway);
  const signs = Object.entries(SIGNS) as [Capability, Sign][];
  const needed = signs.filter(([, shows]) => shows(ruleset)).map(([capability]) => capability);
  const differs = Object.entries(ruleset.sysctls).some(([name, value]) => PLAIN_SETTINGS[name] !== value);
  return differs ? [...needed, "network-settings"] : needed;
}

/** What a core needs beyond what every world's does. */
export function needsOfCore({ antiSpoofing, extraHops, sourceRoute }: CoreModel): Capability[] {
  const needs: readonly (readonly [Capability, boolean])[] = [
    ["iptables-rpfilter", antiSpoofing],
    ["iptables-ttl", extraHops > 0],
    ["network-settings", sourceRoute !== PLAIN_CORE.sourceRoute],
  ];
  return needs.filter(([, needed]) => needed).map(([capability]) => capability);
}

function rendered(gateway: Gateway): GatewayRules {
  return renderRuleset(gateway, PLACE);
}
