import { execFile } from "node:child_process";
import type { GatewayRules } from "../../wire/control.ts";
import type { ConntrackTable } from "../conntrack.ts";
import { log } from "../channel.ts";
import { nft } from "../net/nftables.ts";
import { Duties } from "./duties.ts";
import { setSysctls } from "./sysctl.ts";

const TABLE = "ip natbed";

/** The NAT that this container is: the rules and settings that it was given last. */
export class GatewayBox {
  #loaded: Pick<GatewayRules, "iptables" | "nft"> = { iptables: "", nft: "" };
  #forget = "";
  readonly #duties: Duties;

  constructor(conntrack: ConntrackTable) {
    this.#duties = new Duties(conntrack);
  }

  /**
   * Replaces what the last rules left and returns what the kernel holds now: iptables-save, nft's table, the settings. What of it changed is
   * logged before the caller has its answer: the orchestrator reads both in this order, so that no attempt finds a load before it in its log.
   */
  async load({ iptables, nft: table, sysctls, duties }: GatewayRules): Promise<string> {
    const before = this.#loaded;
    this.#loaded = { iptables: "", nft: "" }; // should loading fail, nothing is known of what there is
    this.#duties.forget();
    this.#duties.serve(duties);
    const settings = setSysctls(sysctls);
    const isTableNew = table !== before.nft || hasRules(table);
    if (isTableNew) nft(table);
    const replaced = stale(iptables, before.iptables);
    const tables = await restore(replaced.join(""));
    this.#duties.forget(); // also what the old rules have handed over meanwhile
    const listed = hasRules(table) ? nft(`list table ${TABLE}\n`) : "";
    this.#forget = forgetting(listed);
    this.#loaded = { iptables, nft: table };
    log("rules", {
      iptables: replaced.map((one) => /^\*(\S+)/.exec(one)?.[1]),
      nft: isTableNew ? [TABLE] : [],
      settings: settings.filter(({ was, now }) => was !== now),
    });
    const values = settings.map(({ name, now }) => `${name} = ${now}\n`).join("");
    return `${tables}# nft list table ${TABLE}\n${listed}# sysctls\n${values}`;
  }

  /**
   * Empties what packets have written into sets and maps, and answers no SYN that still waits: with conntrack's entries gone, nothing
   * is left of any mapping.
   */
  forget(): void {
    this.#duties.forget();
    if (this.#forget) nft(this.#forget);
  }
}

/**
 * The tables of `text` that have to be loaded where `loaded` was loaded last: those that differ, and those whose rules count packets.
 * Every table costs a commit, for which the kernel waits some 10 ms, whatever stands in it.
 */
function stale(text: string, loaded: string): string[] {
  const same = new Set(tablesOf(loaded));
  return tablesOf(text).filter((table) => !same.has(table) || /-m (statistic|hashlimit) /.test(table));
}

function tablesOf(text: string): string[] {
  return text.match(/^\*[^]*?^COMMIT\n/gm) ?? [];
}

function hasRules(table: string): boolean {
  return table.includes("{");
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
