import { log } from "./channel.ts";
import { nft } from "./net/nftables.ts";

/**
 * Keeps this host's kernel from sending RST to `ip`, as a rule that anybody can see: answers to raw SYNs belong to no socket,
 * and the kernel's RST would take the mapping down that they came in by. Returns how to end it.
 */
export function muteResets(ip: string): () => void {
  // a table has one owner, and a machine may have several hosts
  return setTable(
    `natbed_mute_${process.pid}`,
    `chain out { type filter hook output priority 0; ip daddr ${ip} tcp flags & rst == rst drop; }`,
  );
}

/**
 * Makes this host's kernel deaf at TCP ports from…to, as a rule that anybody can see: what arrives there is seen by packet sockets
 * and answered by nobody. Returns how to end it.
 */
export function silencePorts({ from, to }: { readonly from: number; readonly to: number }): () => void {
  return setTable("natbed_silent", `chain in { type filter hook input priority -400; tcp dport ${from}-${to} drop; }`);
}

/** Sets a table that the kernel removes when this process ends, however it ends (NFT_TABLE_F_OWNER, Linux 5.12). Returns how to end it before. */
function setTable(name: string, chain: string): () => void {
  const rules = (flags: string): string => `table ip ${name} {\n${flags}  ${chain}\n}\n`;
  const owned = rules("  flags owner;\n");
  try {
    nft(owned);
    log("rules", owned);
  } catch (error) {
    if ((error as { code?: string }).code === "EPERM") throw error;
    const plain = `add table ip ${name}\ndelete table ip ${name}\n${rules("")}`; // one of the same name is left from a program that was killed
    nft(plain);
    log("rules", plain);
  }
  return () => void nft(`delete table ip ${name}\n`);
}
