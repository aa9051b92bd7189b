import koffi from "koffi";
import { log } from "./channel.ts";

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
  return () => nft("delete table ip natbed_mute\n");
}

let run: ((commands: string) => string | undefined) | undefined;

/** Runs nft commands in this process: a flood must not wait for a program to start. Throws with nft's own words. */
function nft(commands: string): void {
  run ??= openNftables();
  const error = run(commands);
  if (error !== undefined) throw new Error(`nft: ${error.trim()}\n${commands}`);
}

/** libnftables(3). Its context opens a netlink socket, which belongs to the namespace it is opened in: this container's. */
function openNftables(): (commands: string) => string | undefined {
  const library = koffi.load("libnftables.so.1");
  const context: unknown = library.func("void *nft_ctx_new(uint32_t flags)")(0);
  library.func("int nft_ctx_buffer_error(void *context)")(context);
  const runCommands = library.func("int nft_run_cmd_from_buffer(void *context, const char *commands)");
  const errorText = library.func("const char *nft_ctx_get_error_buffer(void *context)");
  return (commands) => (runCommands(context, commands) === 0 ? undefined : (errorText(context) as string));
}
