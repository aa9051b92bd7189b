import type { NodeId } from "../../wire/control.ts";
import { ADDRESS } from "./addresses.ts";
import { PER_LINK } from "./core.ts";
import { gatewaysOf, outsideOf, type CarrierId, type GatewayId, type Side, type WorldShape } from "./shape.ts";

/** Everything that makes one container of a world what it is. */
export interface NodeRecipe {
  readonly id: NodeId;
  readonly agent: "host" | "router" | "x";
  readonly capabilities: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** `ip -batch` lines, run by the node itself once its links exist. */
  readonly configure: readonly string[];
  /** Interfaces that carry test traffic. */
  readonly interfaces: readonly string[];
}

/** A new namespace inherits these from the machine, so each is set explicitly. */
const EVERYWHERE = {
  "net.ipv4.conf.all.rp_filter": "0",
  "net.ipv4.conf.default.rp_filter": "0",
  "net.ipv4.conf.all.accept_source_route": "0",
  "net.ipv4.conf.default.accept_source_route": "0",
  "net.ipv4.conf.all.send_redirects": "0",
  "net.ipv4.conf.default.send_redirects": "0",
  "net.ipv4.tcp_no_metrics_save": "1", // a warm world must not remember the last cell's round-trip times
  "net.ipv4.icmp_ratelimit": "0", // otherwise ICMP errors vanish at random in a long matrix
};
/** Every packet of a host from a port below belongs to a cell's window; the kernel's own choice starts above. */
const HOST = { ...EVERYWHERE, "net.ipv4.ip_forward": "0", "net.ipv4.ip_local_port_range": "60000 65535" };
/** Every interface of a router forwards source routes; whether the router does, `conf.all` decides (both have to be set). */
const ROUTER = {
  ...EVERYWHERE,
  "net.ipv4.ip_forward": "1",
  "net.ipv4.conf.default.accept_source_route": "1",
};

const NET = ["NET_ADMIN", "NET_RAW"] as const;
const lo = "link set lo up";

type HostId = "a" | "b" | "a2" | "b2";

const host = (id: HostId, gateway: string): NodeRecipe => ({
  id,
  agent: "host",
  capabilities: NET,
  sysctls: HOST,
  configure: [
    lo,
    `address add ${ADDRESS[id]}/24 dev lan`,
    ...(id === "a" || id === "b" ? [`address add ${ADDRESS[`${id}Second`]}/24 dev lan`] : []),
    "link set lan up",
    `route add default via ${gateway}`,
  ],
  interfaces: ["lan"],
});

interface Sides {
  readonly inside: string;
  readonly outside: string;
  readonly gateway: string;
}

const gateway = (id: GatewayId, { inside, outside, gateway }: Sides): NodeRecipe => ({
  id,
  agent: "router",
  capabilities: NET,
  sysctls: ROUTER,
  configure: [
    lo,
    `address add ${inside}/24 dev in`,
    "link set in up",
    `address add ${outside}/24 dev out`,
    "link set out up",
    `route add default via ${gateway}`,
  ],
  interfaces: ["in", "out"],
});

/** R is created first: the others share its PID namespace, so that it can reach their network namespaces and wire them. */
export function coreNode({ carriers }: Pick<WorldShape, "carriers">): NodeRecipe {
  const links = { "wan-a": ADDRESS.rTowardsNa, "wan-b": ADDRESS.rTowardsNb, "wan-x": ADDRESS.rTowardsX };
  // a carrier that both sides share has one way out
  const names = Object.entries(links).filter(([name]) => name !== "wan-b" || !carriers.some((id) => id === "c"));
  return {
    id: "r",
    agent: "router",
    capabilities: NET,
    sysctls: { ...ROUTER, ...PER_LINK },
    configure: [
      lo,
      ...names.flatMap(([name, address]) => [`address add ${address}/24 dev ${name}`, `link set ${name} up`]),
    ],
    interfaces: names.map(([name]) => name),
  };
}

const X: NodeRecipe = {
  id: "x",
  agent: "x",
  capabilities: NET,
  sysctls: HOST,
  configure: [
    lo,
    `address add ${ADDRESS.x}/24 dev wan`,
    `address add ${ADDRESS.xSecond}/24 dev wan`,
    "link set wan up",
    `route add default via ${ADDRESS.rTowardsX}`,
  ],
  interfaces: ["wan"],
};

/** The containers of a world besides R. */
export function nodesOf(shape: WorldShape): readonly NodeRecipe[] {
  return [
    host("a", ADDRESS.naInside),
    homeGateway("a", shape),
    homeGateway("b", shape),
    host("b", ADDRESS.nbInside),
    X,
    ...shape.carriers.map(carrierGateway),
    ...shape.neighbours.map((side) => host(`${side}2`, ADDRESS[`n${side}Inside`])),
  ];
}

function homeGateway(side: Side, shape: WorldShape): NodeRecipe {
  const id = `n${side}` as const;
  const [towards, carrier] =
    side === "a" ? (["rTowardsNa", "carrierTowardsNa"] as const) : (["rTowardsNb", "carrierTowardsNb"] as const);
  const recipe = gateway(id, {
    inside: ADDRESS[`${id}Inside`],
    outside: outsideOf(shape, id),
    gateway: ADDRESS[gatewaysOf(shape, side).length > 1 ? carrier : towards],
  });
  return shape.neighbours.includes(side) ? withNeighbour(recipe, side) : recipe;
}

/** A neighbour hangs on an interface of its own but shares the host's subnet and the NAT's mappings. */
function withNeighbour(node: NodeRecipe, side: Side): NodeRecipe {
  return alsoInside(node, [
    `address add ${ADDRESS[`n${side}Inside`]}/32 dev in2`,
    "link set in2 up",
    `route add ${ADDRESS[`${side}2`]}/32 dev in2`,
  ]);
}

function carrierGateway(id: CarrierId): NodeRecipe {
  const [towardsA, towardsB] = [ADDRESS.carrierTowardsNa, ADDRESS.carrierTowardsNb];
  const a = { inside: towardsA, outside: ADDRESS.naOutside, gateway: ADDRESS.rTowardsNa };
  switch (id) {
    case "ca":
      return gateway(id, a);
    case "cb":
      return gateway(id, { inside: towardsB, outside: ADDRESS.nbOutside, gateway: ADDRESS.rTowardsNb });
    case "c":
      return alsoInside(gateway(id, a), [`address add ${towardsB}/24 dev in2`, "link set in2 up"]);
  }
}

function alsoInside(node: NodeRecipe, configure: readonly string[]): NodeRecipe {
  return { ...node, configure: [...node.configure, ...configure], interfaces: [...node.interfaces, "in2"] };
}

/** A recipe's sysctls under a kernel of this release, e.g. `6.18.44`. */
export function sysctlsOf({ agent, sysctls }: NodeRecipe, kernel: string): Readonly<Record<string, string>> {
  return agent === "router" ? { ...sysctls, ...icmpLimits(kernel) } : sysctls;
}

/**
 * Lifts the limit on ICMP errors (50 at once, 1,000 a second): a birthday's flood uses it up, and the error for the SYN after
 * it is never sent. Since Linux 6.12 every namespace has its own limit (net/ipv4/icmp.c); before, it is the machine's alone.
 */
function icmpLimits(kernel: string): Readonly<Record<string, string>> {
  const [major = 0, minor = 0] = kernel.split(".").map(Number);
  if (major < 6 || (major === 6 && minor < 12)) return {};
  return { "net.ipv4.icmp_msgs_per_sec": "1000000", "net.ipv4.icmp_msgs_burst": "100000" };
}

/** Shell lines that switch checksum offload off: what the captures see is what a real wire would carry. */
export function offload({ interfaces }: NodeRecipe): readonly string[] {
  return interfaces.map((name) => `ethtool -K ${name} tx off rx off tso off gso off gro off`);
}
