import { spawn } from "node:child_process";
import { log } from "./channel.ts";

/**
 * Keeps this host's kernel from sending RST to `ip`, as a rule that anybody can see: answers to raw SYNs belong to no socket,
 * and the kernel's RST would take the mapping down that they came in by. Returns how to end it.
 */
export async function muteResets(ip: string): Promise<() => Promise<void>> {
  const rules = `table ip natbed_mute {
  chain out { type filter hook output priority 0; ip daddr ${ip} tcp flags & rst == rst drop; }
}
`;
  log("rules", rules);
  await nft(rules);
  return () => nft("delete table ip natbed_mute\n");
}

function nft(rules: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("nft", ["-f", "-"], { stdio: ["pipe", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`nft: ${stderr}`))));
    child.stdin.end(rules);
  });
}
