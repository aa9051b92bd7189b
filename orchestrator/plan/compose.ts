import { Document, isScalar, visit, type YAMLMap } from "yaml";
import type { AttemptParameters, NodeId } from "../../wire/control.ts";
import { renderRuleset } from "../nat/ruleset.ts";
import type { Cell } from "../scenario/cell.ts";
import { ADDRESS } from "./addresses.ts";
import { nodesOf, R, sysctlsOf, type NodeRecipe } from "./nodes.ts";
import { renderCoreScript, renderNodeScript } from "./script.ts";
import { gatewayPlace, lanRoute } from "./wiring.ts";

/** Takes the image that set-up tagged last, unless the user names one. */
export const DEFAULT_IMAGE = "${NATBED_IMAGE:-natbed:latest}";

/** A world as a compose project. */
export interface ComposeWorld extends Pick<Cell, "na" | "nb" | "neighbours" | "core"> {
  /** Project name: lower-case letters, digits, `-` and `_`. */
  readonly name: string;
  /** For the comment at the head of the file: which world this is. */
  readonly about: string;
  readonly image: string;
  /** What `node agents/attempt.js NAME SEED` plays, by name. */
  readonly attempts: Readonly<Record<string, Pick<AttemptParameters, "technique" | "deadlineMs">>>;
  /** Release of the engine's kernel; without it, sysctls that older ones do not know are left out. */
  readonly kernel?: string;
}

const HEAD = `a ── na ── r ── nb ── b    hosts a and b behind their NATs na and nb, a router r, and a helper x outside, linked by r.
           │              They have no other network. Rules and addresses are at the end of this file.
           x

docker compose -f FILE up --wait -d     brings it up (compose 2.23.1 or newer; the image comes from natbed's \`make setup\`)
docker compose -f FILE exec a bash -c 'exec 3<>/dev/tcp/$NATBED_X/7001; head -n 1 <&3'     where x sees a connection of a's come from
docker compose -f FILE exec na conntrack -L     what na has mapped
docker compose -f FILE exec a node agents/attempt.js NAME SEED     a's part of a traversal attempt; b's at the same time, with the same words
docker compose -f FILE down     removes it, and so does \`natbed down --all\`

A container that was started anew alone has lost its links: \`up --force-recreate --wait -d\` renews all, after a change of this file too.`;

const AGENTS = "/opt/natbed/agents";
/** Where a container finds what the file configures. */
const PLACE = "/natbed";

/** A `docker compose` file of the world, which its containers bring up by themselves (agents/standalone.ts). Needs compose 2.23.1. */
export function renderCompose(world: ComposeWorld): string {
  const recipes = [R, ...nodesOf({ neighbour: world.neighbours?.a !== undefined })];
  const document = new Document({
    name: world.name,
    "x-sysctls": {},
    services: Object.fromEntries(recipes.map((recipe) => [recipe.id, service(recipe, world, recipes)])),
    configs: {
      attempts: { content: attemptsJson(world) },
      ...Object.fromEntries(recipes.map((recipe) => [recipe.id, { content: scriptOf(recipe, world, recipes) }])),
    },
  });
  shareSysctls(document, recipes, world.kernel ?? "");
  writeListsInOneLine(document);
  document.commentBefore = comment(`${world.about}

${HEAD}`);
  return document.toString({ lineWidth: 0, blockQuote: "literal", flowCollectionPadding: false });
}

function comment(text: string): string {
  return text.replaceAll(/^(?=.)/gm, " ");
}

/** One attempt a line. */
function attemptsJson({ attempts }: ComposeWorld): string {
  const lines = Object.entries(attempts).map(
    ([name, attempt]) => `  ${JSON.stringify(name)}: ${JSON.stringify(attempt)}`,
  );
  return `{\n${lines.join(",\n")}\n}\n`;
}

function service(
  { id, capabilities, interfaces }: NodeRecipe,
  { image, neighbours, core }: ComposeWorld,
  recipes: readonly NodeRecipe[],
): Record<string, unknown> {
  const peers = recipes.filter((recipe) => recipe.id !== id).map((recipe) => recipe.id);
  const isHost = id === "a" || id === "b" || id === "a2";
  return {
    image,
    hostname: id,
    command: ["/opt/natbed/bin/node", `${AGENTS}/standalone.js`],
    environment: {
      NATBED_NODE: id,
      NATBED_SCRIPT: `${PLACE}/${id}.sh`,
      ...(id === "r"
        ? { NATBED_PEERS: peers.join(" "), NATBED_CORE: JSON.stringify(core) }
        : { NATBED_INTERFACES: interfaces.join(" ") }),
      ...(isHost ? { NATBED_X: ADDRESS.x, NATBED_ATTEMPTS: `${PLACE}/attempts.json` } : {}),
      ...(id === "a2" && neighbours?.a ? { NATBED_EVERY_MS: String(neighbours.a.everyMs) } : {}),
    },
    configs: [
      { source: id, target: `${PLACE}/${id}.sh` },
      ...(isHost ? [{ source: "attempts", target: `${PLACE}/attempts.json` }] : []),
    ],
    network_mode: "none",
    ...(id === "r" ? { healthcheck: HEALTHY_WHEN_ALL_ARE_READY } : { pid: "service:r" }),
    cap_drop: ["ALL"],
    cap_add: [...capabilities],
    labels: { natbed: "1" },
  };
}

/** R is ready when every other node is; it says so in its process title. */
const HEALTHY_WHEN_ALL_ARE_READY = {
  test: ["CMD", "pgrep", "-f", "^natbed r ready"],
  interval: "1s",
  timeout: "5s",
  retries: 30,
};

/** Compose takes a `$` for a variable of its own unless it is doubled. */
function scriptOf(recipe: NodeRecipe, world: ComposeWorld, recipes: readonly NodeRecipe[]): string {
  return script(recipe, world, recipes).replaceAll("$", "$$$$");
}

function script(recipe: NodeRecipe, { na, nb, core }: ComposeWorld, recipes: readonly NodeRecipe[]): string {
  switch (recipe.id) {
    case "r": {
      const peers = recipes.map(({ id }) => id).filter((id): id is Exclude<NodeId, "r"> => id !== "r");
      const routes = [
        ...(na.kind === "router" ? [lanRoute("a", "router")] : []),
        ...(nb.kind === "router" ? [lanRoute("b", "router")] : []),
      ];
      return renderCoreScript(recipe, { peers, routes, core });
    }
    case "na":
      return renderNodeScript(recipe, renderRuleset(na, gatewayPlace("a")));
    case "nb":
      return renderNodeScript(recipe, renderRuleset(nb, gatewayPlace("b")));
    default:
      return renderNodeScript(recipe);
  }
}

/** The ten lines that all hosts, and all gateways, have alike stand in the file once each. */
function shareSysctls(document: Document, recipes: readonly NodeRecipe[], kernel: string): void {
  for (const recipe of recipes) {
    const name = recipe === R ? "core" : recipe.agent === "router" ? "router" : "host";
    const path = ["x-sysctls", name];
    if (!document.hasIn(path)) document.setIn(path, document.createNode(sysctlsOf(recipe, kernel)));
    document.setIn(["services", recipe.id, "sysctls"], document.createAlias(document.getIn(path) as YAMLMap, name));
  }
}

function writeListsInOneLine(document: Document): void {
  visit(document, {
    Seq: (_, list) => {
      list.flow = list.items.every((item) => isScalar(item));
    },
  });
}
