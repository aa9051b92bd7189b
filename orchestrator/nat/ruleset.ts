import { unreachable } from "../errors.ts";
import { ALL_PORTS } from "./catalogue.ts";
import type { Gateway, NatModel, PortAllocation } from "./model.ts";
import { renderSequence, type RuleChain } from "./sequence.ts";

/** A gateway's place in the world: its interfaces by name and the prefix behind it. */
export interface GatewayPlace {
  readonly inside: string;
  readonly outside: string;
  /** CIDR prefix of the LAN, e.g. `10.1.0.0/24`. */
  readonly lan: string;
}

/** Text for a tool that replaces the tables it names as a whole. */
export interface Ruleset {
  readonly tool: "iptables-restore";
  readonly text: string;
}

/**
 * Rules that make a Linux box behave like `gateway`, for iptables-restore (nft backend) without --noflush. All three tables are
 * always named, so what an earlier gateway left in them vanishes and loading the same text twice changes nothing but restarting a
 * sequential allocator at its first port. Packets that conntrack calls INVALID leave un-NATed, as on a stock Linux box.
 */
export function renderRuleset(gateway: Gateway, place: GatewayPlace): Ruleset {
  const text = gateway.kind === "nat" ? natTables(gateway.model, place) : routerTables();
  return { tool: "iptables-restore", text };
}

function routerTables(): string {
  return table("raw", RAW, []) + table("nat", NAT, []) + table("filter", FILTER, []);
}

function natTables(model: NatModel, place: GatewayPlace): string {
  const chains = model.ports.kind === "sequential" ? renderSequence(model.ports) : [];
  return (
    table("raw", RAW, timeExceededRules(model, place)) +
    table("nat", NAT, sourceNatRules(model.ports, place), chains) +
    table("filter", FILTER, [...unsolicitedRules(model, place), ...forwardRules(place)])
  );
}

const RAW = ["PREROUTING", "OUTPUT"];
const NAT = ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"];
const FILTER = ["INPUT", "FORWARD", "OUTPUT"];

/** Before conntrack sees it, so that neither the host nor the mapping learns of the error (NATBLASTER assumptions 2 and 3). */
function timeExceededRules({ timeExceeded }: NatModel, { outside }: GatewayPlace): string[] {
  switch (timeExceeded) {
    case "translate":
      return [];
    case "drop":
      return [`-A PREROUTING -i ${outside} -p icmp -m icmp --icmp-type time-exceeded -j DROP`];
    default:
      return unreachable(timeExceeded);
  }
}

function sourceNatRules(ports: PortAllocation, { outside, lan }: GatewayPlace): string[] {
  const outward = `-A POSTROUTING -s ${lan} -o ${outside}`;
  return [`${outward} -p tcp ${allocation(ports)}`, `${outward} ! -p tcp -j MASQUERADE`];
}

function allocation(ports: PortAllocation): string {
  switch (ports.kind) {
    case "preserve":
      return "-j MASQUERADE";
    case "sequential":
      return "-g SEQ";
    case "random": {
      const { from, to } = ports.range;
      // The kernel's own choice is uniform; an explicit range is u16 mod n, hence biased unless n is a power of two.
      const everything = from === ALL_PORTS.from && to === ALL_PORTS.to;
      return everything ? "-j MASQUERADE --random-fully" : `-j MASQUERADE --to-ports ${from}-${to} --random-fully`;
    }
    default:
      return unreachable(ports);
  }
}

/** Only what no mapping admits reaches INPUT. Without a rule the box's own stack answers it with RST. */
function unsolicitedRules({ unsolicitedSyn }: NatModel, { outside }: GatewayPlace): string[] {
  switch (unsolicitedSyn) {
    case "reset":
      return [];
    case "drop":
      return [`-A INPUT -i ${outside} -p tcp -j DROP`];
    default:
      return unreachable(unsolicitedSyn);
  }
}

/** A NAT is no route inwards: only what belongs to a mapping may pass, even where the core knows the LAN's prefix (I-1). */
function forwardRules({ inside, outside }: GatewayPlace): string[] {
  return [`-A FORWARD -i ${outside} -o ${inside} -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP`];
}

function table(
  name: string,
  builtIn: readonly string[],
  rules: readonly string[],
  chains: readonly RuleChain[] = [],
): string {
  const declared = [...builtIn.map((chain) => `:${chain} ACCEPT`), ...chains.map((chain) => `:${chain.name} -`)];
  return [`*${name}`, ...declared, ...rules, ...chains.flatMap((chain) => chain.rules), "COMMIT", ""].join("\n");
}
