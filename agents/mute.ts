import { log } from "./channel.ts";
import { nft } from "./net/nftables.ts";

/**
 * Keeps this host's kernel from sending RST to `ip`, as a rule that anybody can see: answers to raw SYNs belong to no socket,
 * and the kernel's RST would take the mapping down that they came in by. Returns how to end it.
 */
export function muteResets(ip: string): () => void {
  const rules = `table ip natbed_mute {
  chain out { type filter hook output priority 0; ip daddr ${ip} tcp flags & rst == rst drop; }
}
`;
  log("rules", rules);
  nft(rules);
  return () => void nft("delete table ip natbed_mute\n");
}

/**
 * Makes this host's kernel deaf at TCP ports from…to, as a rule that anybody can see: what arrives there is seen by packet sockets
 * and answered by nobody. Returns how to end it.
 */
export function silencePorts({ from, to }: { readonly from: number; readonly to: number }): () => void {
  const rules = `add table ip natbed_silent
delete table ip natbed_silent
table ip natbed_silent {
  chain in { type filter hook input priority -400; tcp dport ${from}-${to} drop; }
}
`;
  log("rules", rules);
  nft(rules);
  return () => void nft("delete table ip natbed_silent\n");
}
