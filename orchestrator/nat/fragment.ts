import type { GatewayDuties } from "../../wire/control.ts";

/** Chains of iptables' tables that rules of a gateway may stand in, by table. */
export const IPTABLES = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
} as const;
export type Table = keyof typeof IPTABLES;
export type Chain = { [T in Table]: `${T} ${(typeof IPTABLES)[T][number]}` }[Table];

/**
 * Base chains of the nft table `natbed`, in the order in which a packet from outside meets them. iptables-nft's own chains stand
 * at the named priorities themselves (raw -300, mangle -150, dstnat -100, filter 0, srcnat 100), so each of ours says on which
 * side of theirs it is.
 */
export const HOOKS = {
  /** Before conntrack has seen the packet. */
  ingress: "type filter hook prerouting priority -310",
  /** Conntrack has seen it, destination NAT has not. */
  tracked: "type filter hook prerouting priority -160",
  destination: "type nat hook prerouting priority -110",
  input: "type filter hook input priority -10",
  forward: "type filter hook forward priority -10",
  /** Source NAT before iptables': the first of the two to choose a mapping has chosen. */
  source: "type nat hook postrouting priority 90",
  /** Source NAT has been done: what leaves is what the core sees. */
  egress: "type filter hook postrouting priority 110",
  /** Behind everything, conntrack's confirmation included. */
  last: "type filter hook postrouting priority 2147483647",
} as const;
export type Hook = keyof typeof HOOKS;

/** A user chain and its rules, in order; iptables' in table nat, nft's in table `natbed`. */
export interface UserChain {
  readonly name: string;
  readonly rules: readonly string[];
}

/** What one axis of a NAT asks of a Linux box. */
export interface Fragment {
  /** iptables rules by table and chain, each from `-A CHAIN` on without these words, e.g. `-i out -p tcp -j DROP`. */
  readonly iptables?: Readonly<Partial<Record<Chain, readonly string[]>>>;
  /** User chains of iptables' nat table. */
  readonly chains?: readonly UserChain[];
  /** Declarations of sets, maps and other objects in nft's table `natbed`. */
  readonly objects?: readonly string[];
  /** nft rules by base chain. */
  readonly nft?: Readonly<Partial<Record<Hook, readonly string[]>>>;
  /** User chains of nft's table `natbed`. */
  readonly nftChains?: readonly UserChain[];
  /** Settings under net.netfilter and net.ipv4, by full name. Every value of an axis sets its own: nothing is left from the last NAT. */
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly duties?: GatewayDuties;
}
