import type { CoreModel, GatewayRules } from "../../wire/control.ts";
import { CORE_QUEUES, X_LINK } from "../../wire/core.ts";

/** R's links towards the NATs: the ones with routers in between where a core has extra hops. */
const NAT_LINKS = ["wan-a", "wan-b"] as const;

/**
 * What makes R the core of a world; loading it replaces the core before. What ends here goes to R's agent, which answers it; every
 * ICMP error, R's own or a NAT's, and everything to and from X take a hop through user space (agents/core/queue.ts says why), and everything
 * else does too where the core delays or loses packets; otherwise the kernel forwards it. Source routes are the kernel's own choice: nft's `ip option lsrr exists` overlooks those that are under way
 * already (nft_exthdr.c ipv4_find_option() takes a pointer behind the first address for a malformed option).
 */
export function renderCoreRules(core: CoreModel): GatewayRules {
  return {
    iptables: iptablesRules(core),
    nft: "",
    sysctls: { ...PER_LINK, "net.ipv4.conf.all.accept_source_route": core.sourceRoute === "forward" ? "1" : "0" },
    duties: {},
  };
}

/** Source routes pass a link where both it and `all` say so (IN_DEV_SOURCE_ROUTE): links always do, so that `all` decides. */
export const PER_LINK = { "net.ipv4.conf.default.accept_source_route": "1" } as const;

/** Whether two cores need the same of R's kernel: those that differ in nothing but delay or seed cost no loading. */
export function sameCoreRules(one: CoreModel, other: CoreModel): boolean {
  return JSON.stringify(renderCoreRules(one)) === JSON.stringify(renderCoreRules(other));
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
    ...NAT_LINKS.flatMap((link) => hopRules(`PREROUTING -i ${link}`, core, core.extraHops + 1)),
    endsWithin("PREROUTING", 1),
    ...NAT_LINKS.flatMap((link) => hopRules(`POSTROUTING -o ${link}`, core, core.extraHops)),
    "COMMIT",
    "*filter",
    ":INPUT ACCEPT",
    ":FORWARD ACCEPT",
    ":OUTPUT ACCEPT",
    ...(core.icmp === "off" ? ["-A OUTPUT -p icmp --icmp-type time-exceeded -j DROP"] : []),
    ...crossing(core).map((which) => `-A ${which} -j ${queue}`),
    "COMMIT",
    "",
  ].join("\n");
}

/** `--queue-bypass`: nothing is lost before the agent listens. */
const queue = `NFQUEUE --queue-num ${CORE_QUEUES.crossing} --queue-bypass`;

function crossing({ delayMs, lossPercent }: CoreModel): readonly string[] {
  if (delayMs > 0 || lossPercent > 0) return ["OUTPUT -p icmp", "FORWARD"];
  // what R's agent sends has taken its hop already
  return [
    "OUTPUT -p icmp ! --icmp-type time-exceeded",
    "FORWARD -p icmp",
    `FORWARD -i ${X_LINK}`,
    `FORWARD -o ${X_LINK}`,
  ];
}

/** Routers in between: a TTL that is too small for `hops` of them ends there, any other is smaller behind them. */
function hopRules(where: string, { extraHops }: CoreModel, hops: number): readonly string[] {
  return extraHops === 0 ? [] : [endsWithin(where, hops), `-A ${where} -j TTL --ttl-dec ${extraHops}`];
}

/** `--queue-bypass`: before the agent listens, the kernel answers what ends at R itself. */
function endsWithin(where: string, hops: number): string {
  return `-A ${where} -m ttl --ttl-lt ${hops + 1} -j NFQUEUE --queue-num ${CORE_QUEUES.expiring} --queue-bypass`;
}
