import type { Capability } from "../../nat/needs.ts";
import type { Probe } from "./probes.ts";

const MODULES = "load the module on the host: modprobe";

/** nft's command that loads one rule, in a table of its own. */
function nft(rule: string, { objects = "", hook = "filter hook prerouting priority 0" } = {}): string {
  return `nft 'table ip doctor_axis { ${objects} chain c { type ${hook}; ${rule}; }; }; delete table ip doctor_axis'`;
}

const probe = (
  check: Capability,
  command: string,
  { meaning, modules }: { meaning: string; modules: string },
): Probe => ({
  check,
  command,
  ifNot: "warn",
  meaning,
  fix: `${MODULES} ${modules}`,
});

/** What some NATs and cores need; a no makes the cells that need it unsupported, and nothing else. */
export const CAPABILITY_PROBES: Readonly<Record<Capability, Probe>> = {
  "nft-nat": probe("nft-nat", nft("tcp dport 9 snat to 192.0.2.1:10", { hook: "nat hook postrouting priority 0" }), {
    meaning: "mappings and filters that iptables alone cannot make",
    modules: "nft_chain_nat",
  }),
  "nft-sets": probe(
    "nft-sets",
    nft("add @m { ip saddr . tcp sport : meta mark }", {
      objects: "map m { type ipv4_addr . inet_service : mark; size 64; timeout 9s; flags dynamic,timeout; };",
    }),
    { meaning: "NATs that remember mappings beside conntrack", modules: "nf_tables" },
  ),
  "nft-numgen": probe("nft-numgen", nft("meta mark set numgen inc mod 4 map { 0 : 1, 1 : 2, 2 : 3, 3 : 4 }"), {
    meaning: "ports dealt out by nft",
    modules: "nft_numgen",
  }),
  "nft-ct": probe(
    "nft-ct",
    nft("ct state invalid ct direction original ct status dying ct original ip saddr 10.0.0.0/8 drop"),
    {
      meaning: "rules that look at a mapping's state",
      modules: "nft_ct",
    },
  ),
  "nft-ct-count": probe(
    "nft-ct-count",
    nft("ct state new add @s { ip saddr ct count over 9 } drop", {
      objects: "set s { type ipv4_addr; size 64; flags dynamic; };",
      hook: "filter hook forward priority 0",
    }),
    { meaning: "NATs that limit a host's sessions", modules: "nft_connlimit" },
  ),
  "nft-notrack": probe("nft-notrack", nft("notrack", { hook: "filter hook prerouting priority -310" }), {
    meaning: "stateless NATs",
    modules: "nft_ct",
  }),
  "nft-rewrite": probe(
    "nft-rewrite",
    nft("tcp sequence set tcp sequence ^ 0x80000000 ip saddr set 192.0.2.1 @nh,128,32 set @nh,160,32"),
    {
      meaning: "headers rewritten outside conntrack",
      modules: "nf_tables",
    },
  ),
  "nft-ip-options": probe("nft-ip-options", nft("ip option lsrr exists drop"), {
    meaning: "source routes",
    modules: "nf_tables",
  }),
  "nft-tcp-options": probe("nft-tcp-options", nft("reset tcp option sack-perm"), {
    meaning: "rewritten sequence numbers",
    modules: "nf_tables",
  }),
  "nft-reject": probe(
    "nft-reject",
    nft("reject with icmp type admin-prohibited", { hook: "filter hook input priority 0" }),
    {
      meaning: "ICMP answers to SYNs",
      modules: "nft_reject_ipv4",
    },
  ),
  "iptables-reject": probe(
    "iptables-reject",
    "iptables -A INPUT -p tcp -j REJECT --reject-with icmp-admin-prohibited",
    {
      meaning: "ICMP answers to SYNs",
      modules: "ipt_REJECT",
    },
  ),
  "iptables-connmark": probe("iptables-connmark", "iptables -A FORWARD -m connmark --mark 9 -j CONNMARK --set-mark 7", {
    meaning: "rules that mark a mapping",
    modules: "xt_connmark",
  }),
  "iptables-hashlimit": probe(
    "iptables-hashlimit",
    "iptables -A FORWARD -m hashlimit --hashlimit-name doctor --hashlimit-mode srcip,srcport --hashlimit-upto 1/day --hashlimit-burst 1 -j ACCEPT",
    { meaning: "a first connection that is told from later ones", modules: "xt_hashlimit" },
  ),
  "iptables-rpfilter": probe("iptables-rpfilter", "iptables -t raw -A PREROUTING -m rpfilter --invert -j DROP", {
    meaning: "a core that keeps X from spoofing",
    modules: "ipt_rpfilter",
  }),
  "iptables-ttl": probe("iptables-ttl", "iptables -t mangle -A PREROUTING -j TTL --ttl-dec 1", {
    meaning: "a core with more hops",
    modules: "xt_HL",
  }),
  "network-settings": {
    check: "network-settings",
    command:
      "iptables -t nat -L -n >/dev/null; f=/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_syn_sent; echo 9 > $f && grep -qx 9 $f",
    ifNot: "warn",
    meaning: "timeouts, window tracking and source routes that change from NAT to NAT",
    fix: "use an engine that honours ReadonlyPaths and is neither rootless nor user-namespaced",
  },
};
