import type { CoreModel } from "../../wire/control.ts";
import { CORE_QUEUES, X_LINK } from "../../wire/core.ts";

/** R's links towards the NATs: the ones with routers in between where a core has extra hops. */
const NAT_LINKS = ["wan-a", "wan-b"] as const;

/** Rules that make R the core of a world; loading them replaces those of the core before. */
export interface CoreRules {
  /** For iptables-restore (nft backend) without --noflush. */
  readonly iptables: string;
  /** For nft: replaces the table `ip natbed_core`. */
  readonly nft: string;
}

/** Whether two cores need the same rules of R: those that differ in nothing else cost no loading. */
export function sameCoreRules(one: CoreModel, other: CoreModel): boolean {
  const [first, second] = [renderCoreRules(one), renderCoreRules(other)];
  return first.iptables === second.iptables && first.nft === second.nft;
}

/**
 * R's rules. Its own ICMP errors and everything to and from X take a hop through user space (agents/core/queue.ts says why), and
 * everything else does too where the core delays or loses packets; otherwise the kernel forwards it.
 */
export function renderCoreRules(core: CoreModel): CoreRules {
  return { iptables: iptablesRules(core), nft: sourceRouteRules(core) };
}

function iptablesRules(core: CoreModel): string {
  return [
    "*raw",
    ":PREROUTING ACCEPT",
    ...(core.antiSpoofing ? [`-A PREROUTING -i ${X_LINK} -m rpfilter --invert -j DROP`] : []),
    "COMMIT",
    "*mangle",
    ":PREROUTING ACCEPT",
    ":POSTROUTING ACCEPT",
    ...NAT_LINKS.flatMap((link) => hopRules(`PREROUTING -i ${link}`, core)),
    ...NAT_LINKS.flatMap((link) => hopRules(`POSTROUTING -o ${link}`, core)),
    "COMMIT",
    "*filter",
    ":INPUT ACCEPT",
    ":FORWARD ACCEPT",
    ":OUTPUT ACCEPT",
    ...(core.icmp === "off" ? ["-A OUTPUT -p icmp --icmp-type time-exceeded -j DROP"] : []),
    ...["OUTPUT -p icmp", ...crossing(core)].map((which) => `-A ${which} -j ${queue}`),
    "COMMIT",
    "",
  ].join("\n");
}

/** `--queue-bypass`: nothing is lost before the agent listens. */
const queue = `NFQUEUE --queue-num ${CORE_QUEUES.crossing} --queue-bypass`;

function crossing({ delayMs, lossPercent }: CoreModel): readonly string[] {
  return delayMs > 0 || lossPercent > 0 ? ["FORWARD"] : [`FORWARD -i ${X_LINK}`, `FORWARD -o ${X_LINK}`];
}

/** Routers in between: a TTL that is too small for them ends there, which the agent answers; any other is smaller behind them. */
function hopRules(where: string, { extraHops }: CoreModel): readonly string[] {
  if (extraHops === 0) return [];
  return [
    `-A ${where} -m ttl --ttl-lt ${extraHops + 1} -j NFQUEUE --queue-num ${CORE_QUEUES.expiring}`,
    `-A ${where} -j TTL --ttl-dec ${extraHops}`,
  ];
}

/** The kernel of R takes source routes (a sysctl, read-only once the container runs); a core that refuses them does it here. */
function sourceRouteRules({ sourceRoute }: CoreModel): string {
  const refuse = "  ip option lsrr exists drop;\n  ip option ssrr exists drop;\n";
  return `table ip natbed_core
delete table ip natbed_core
table ip natbed_core {
 chain source_routes {
  type filter hook prerouting priority raw;
${sourceRoute === "refuse" ? refuse : ""} }
}
`;
}
