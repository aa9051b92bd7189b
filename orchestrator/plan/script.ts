import type { NodeId, GatewayRules } from "../../wire/control.ts";
import { offload, type NodeRecipe } from "./nodes.ts";
import { wiring } from "./wiring.ts";

/**
 * A shell script with which a node of a world without orchestrator configures itself once its interfaces exist; `rules` are its
 * gateway's, if it is one. For `sh -e`.
 */
export function renderNodeScript(recipe: NodeRecipe, rules?: GatewayRules): string {
  return [...ipBatch(recipe.configure), ...offload(recipe), ...(rules ? load(rules) : []), ""].join("\n");
}

/** R's script: joins the namespaces of the `peers` and its own first. A shell variable of each node's name holds its process's pid. */
export function renderCoreScript(recipe: NodeRecipe, peers: readonly NodeId[], rules: GatewayRules): string {
  const pids = Object.fromEntries([recipe.id, ...peers].map((id) => [id, `$${id}`]));
  return [
    "ip -batch - <<END",
    ...wiring(pids),
    "END",
    ...ipBatch(recipe.configure),
    ...offload(recipe),
    ...load(rules),
    "",
  ].join("\n");
}

function load({ iptables, nft }: GatewayRules): string[] {
  return [...feed("iptables-restore", iptables), ...(nft === "" ? [] : feed("nft -f -", nft))];
}

function ipBatch(lines: readonly string[]): string[] {
  return ["ip -batch - <<'END'", ...lines, "END"];
}

function feed(tool: string, text: string): string[] {
  return [`${tool} <<'END'`, text.trimEnd(), "END"];
}
