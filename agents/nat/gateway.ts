import { execFile } from "node:child_process";
import type { GatewayRules } from "../../wire/control.ts";
import { nft } from "../net/nftables.ts";
import { setSysctls } from "./sysctl.ts";

const TABLE = "ip natbed";

/** The NAT that this container is: the rules and settings that it was given last. */
export class GatewayBox {
  #forget = "";

  /** Replaces what the last rules left and returns what the kernel holds now: iptables-save, nft's table, the settings. */
  async load({ iptables, nft: table, sysctls }: GatewayRules): Promise<string> {
    const settings = setSysctls(sysctls);
    nft(table);
    const tables = await restore(iptables);
    const listed = table.includes("{") ? nft(`list table ${TABLE}\n`) : "";
    this.#forget = forgetting(listed);
    return `${tables}# nft list table ${TABLE}\n${listed}# sysctls\n${settings}`;
  }

  /** Empties what packets have written into sets and maps: with conntrack's entries gone, nothing is left of any mapping. */
  forget(): void {
    if (this.#forget) nft(this.#forget);
  }
}

function restore(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile("sh", ["-ec", "iptables-restore; iptables-save"], (error, stdout, stderr) =>
      error ? reject(new Error(`iptables-restore: ${stderr.trim()}\n${text}`)) : resolve(stdout),
    );
    child.stdin?.on("error", () => {}); // the program has ended, which the callback reports
    child.stdin?.end(text);
  });
}

/** Commands that empty every set and map of a listing whose elements come from packets. */
function forgetting(listing: string): string {
  return [...listing.matchAll(/^\t(set|map) (\S+) \{\n([^}]*)/gm)]
    .filter(([, , , body]) => /\bflags\b.*\bdynamic\b/.test(body ?? ""))
    .map(([, kind, name]) => `flush ${kind} ${TABLE} ${name}\n`)
    .join("");
}
