import koffi, { type LibraryHandle } from "koffi";

let run: ((commands: string) => string) | undefined;

/**
 * Runs nft commands in this process, all or none, and returns what they print: no program has to start for them. Throws with nft's
 * own words.
 */
export function nft(commands: string): string {
  run ??= openNftables();
  return run(commands);
}

/** libnftables(3). Its context opens a netlink socket, which belongs to the namespace it is opened in: this container's. */
function openNftables(): (commands: string) => string {
  const library = loadLibrary();
  const context: unknown = library.func("void *nft_ctx_new(uint32_t flags)")(0);
  library.func("int nft_ctx_buffer_output(void *context)")(context);
  library.func("int nft_ctx_buffer_error(void *context)")(context);
  const runCommands = library.func("int nft_run_cmd_from_buffer(void *context, const char *commands)");
  const outputText = library.func("const char *nft_ctx_get_output_buffer(void *context)");
  const errorText = library.func("const char *nft_ctx_get_error_buffer(void *context)");
  return (commands) => {
    if (runCommands(context, commands) === 0) return outputText(context) as string;
    throw new NftablesError((errorText(context) as string).trim(), commands);
  };
}

function loadLibrary(): LibraryHandle {
  try {
    return koffi.load("libnftables.so.1");
  } catch (error) {
    const message = `libnftables1 is not installed (${(error as Error).message})`;
    throw Object.assign(new Error(message, { cause: error }), { code: "ELIBACC" });
  }
}

/** What nft says no to; `code` is EPERM where it was the kernel that did, for want of CAP_NET_ADMIN. */
class NftablesError extends Error {
  readonly code: string;

  constructor(words: string, commands: string) {
    const refused = words.includes("Operation not permitted");
    super(refused ? `CAP_NET_ADMIN is missing (nft: ${words.split("\n")[0]})` : `nft: ${words}\n${commands}`);
    this.code = refused ? "EPERM" : "EINVAL";
  }
}
