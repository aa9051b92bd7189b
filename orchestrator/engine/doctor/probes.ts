import type { Finding } from "./finding.ts";

/** A question to the kernel, put by a shell command inside a throw-away container: exit code 0 is a yes. */
export interface Probe {
  readonly check: string;
  readonly command: string;
  /** What a no means. */
  readonly ifNot: Exclude<Finding["state"], "ok"> | "nothing";
  readonly meaning: string;
  readonly fix?: string;
}

const MODULES = "load the module on the host: modprobe";

export const PROBES: readonly Probe[] = [
  {
    check: "iptables NAT",
    command: "iptables -t nat -A POSTROUTING -p tcp -j MASQUERADE --random-fully",
    ifNot: "fail",
    meaning: "NATs of every kind",
    fix: `${MODULES} nf_tables nft_compat xt_MASQUERADE`,
  },
  {
    check: "iptables statistic",
    command: "iptables -t nat -A POSTROUTING -p tcp -m statistic --mode nth --every 2 --packet 0 -j ACCEPT",
    ifNot: "fail",
    meaning: "sequential NATs",
    fix: `${MODULES} xt_statistic`,
  },
  {
    check: "conntrack netlink",
    command: "conntrack -L",
    ifNot: "fail",
    meaning: "evidence of every verdict",
    fix: `${MODULES} nf_conntrack_netlink`,
  },
  {
    check: "NFQUEUE",
    command: "iptables -A FORWARD -p tcp -j NFQUEUE --queue-num 0",
    ifNot: "fail",
    meaning: "the core's hop through user space",
    fix: `${MODULES} xt_NFQUEUE nfnetlink_queue`,
  },
  {
    check: "iptables TTL match",
    command: "iptables -t mangle -A PREROUTING -m ttl --ttl-lt 2 -j NFQUEUE --queue-num 0",
    ifNot: "fail",
    meaning: "ICMP errors of the core",
    fix: `${MODULES} xt_hl`,
  },
  {
    check: "nftables",
    command: "nft add table ip doctor",
    ifNot: "fail",
    meaning: "rule-sets",
    fix: `${MODULES} nf_tables`,
  },
  {
    check: "packet sockets",
    // -d: opens the interface, prints the compiled filter and ends.
    command: "ip link set lo up && tcpdump -Z root -i lo -d tcp",
    ifNot: "fail",
    meaning: "captures and forged packets",
    fix: `${MODULES} af_packet`,
  },
  {
    check: "veth",
    command: "ip link add doctor0 type veth peer name doctor1",
    ifNot: "fail",
    meaning: "links between containers",
    fix: `${MODULES} veth`,
  },
  {
    check: "netem",
    command: "tc qdisc add dev lo root netem delay 1ms",
    ifNot: "nothing",
    meaning: "for information: R delays and loses packets itself",
  },
  {
    check: "iptables-legacy",
    command: "iptables-legacy -t nat -L -n",
    ifNot: "nothing",
    meaning: "for information: natbed uses iptables-nft",
  },
];

/** One shell script for all probes: a line `index TAB exit-code TAB last line of output` each. */
export function renderProbes(probes: readonly Probe[]): string {
  return probes
    .map(
      ({ command }, index) =>
        `out=$( { ${command}; } 2>&1 ); printf '%s\\t%s\\t%s\\n' ${index} $? "$(echo "$out" | tail -n 1)"`,
    )
    .join("\n");
}

/** What the script's output says. A probe without a line did not run, and is a no. */
export function readProbes(probes: readonly Probe[], output: string): Finding[] {
  const lines = new Map(output.split("\n").map((line) => [line.split("\t")[0], line.split("\t")]));
  return probes.map((probe, index) => {
    const [, code, words] = lines.get(String(index)) ?? [];
    return code === "0" ? { check: probe.check, state: "ok", found: "works" } : refusal(probe, words || "did not run");
  });
}

function refusal({ check, ifNot, meaning, fix }: Probe, words: string): Finding {
  const found = `${words} (${meaning})`;
  if (ifNot === "nothing") return { check, state: "ok", found: `not usable: ${found}` };
  return { check, state: ifNot, found, ...(fix === undefined ? {} : { fix }) };
}
