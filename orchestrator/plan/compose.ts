import { Document, isScalar, visit, type YAMLMap } from "yaml";
import type { AttemptParameters } from "../../wire/attempt.ts";
import type { NodeId, GatewayRules } from "../../wire/control.ts";
import type { Gateway } from "../nat/model.ts";
import { renderRuleset } from "../nat/ruleset.ts";
import type { Cell } from "../scenario/cell.ts";
import { ADDRESS } from "./addresses.ts";
import { headOf } from "./compose-head.ts";
import { renderCoreRules } from "./core.ts";
import { coreNode, nodesOf, sysctlsOf, type NodeRecipe } from "./nodes.ts";
import { routesOf } from "./routes.ts";
import { renderCoreScript, renderNodeScript } from "./script.ts";
import { gatewayPlace, layersOf, shapeOf, type ByGateway, type WorldShape } from "./shape.ts";

/** Takes the image that set-up tagged last, unless the user names one. */
export const DEFAULT_IMAGE = "${NATBED_IMAGE:-natbed:latest}";

/** A world as a compose project. */
export interface ComposeWorld extends Pick<Cell, "na" | "nb" | "carrier" | "neighbours" | "core"> {
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

const AGENTS = "/opt/natbed/agents";
/** Where a container finds what the file configures. */
const PLACE = "/natbed";

/** A `docker compose` file of the world, which its containers bring up by themselves (agents/standalone.ts). Needs compose 2.23.1. */
export function renderCompose(world: ComposeWorld): string {
  const shape = shapeOf(world);
  const rules = rulesOf(world, shape);
  const recipes = [coreNode(shape), ...nodesOf(shape)].map((recipe) => withRoutes(recipe, world, shape));
  const document = new Document({
    name: world.name,
    "x-sysctls": {},
    services: Object.fromEntries(recipes.map((recipe) => [recipe.id, service(recipe, { world, recipes, rules })])),
    configs: {
      attempts: { content: attemptsJson(world) },
      ...Object.fromEntries(recipes.map((recipe) => [recipe.id, { content: scriptOf(recipe, { rules, recipes }) }])),
    },
  });
  shareSysctls(document, recipes, { kernel: world.kernel ?? "", rules });
  writeListsInOneLine(document);
  document.commentBefore = comment(`${world.about}

${headOf(shape)}`);
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

interface Composed {
  readonly world: ComposeWorld;
  readonly recipes: readonly NodeRecipe[];
  readonly rules: Rules;
}

function service(
  { id, agent, capabilities, interfaces }: NodeRecipe,
  { world, recipes, rules }: Composed,
): Record<string, unknown> {
  const { image, neighbours, core } = world;
  const duties = rules[id]?.duties ?? {};
  const peers = recipes.filter((recipe) => recipe.id !== id).map((recipe) => recipe.id);
  const isHost = agent === "host";
  const neighbour = id === "a2" ? neighbours?.a : id === "b2" ? neighbours?.b : undefined;
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
      ...(Object.keys(duties).length > 0 ? { NATBED_DUTIES: JSON.stringify(duties) } : {}),
      ...(neighbour ? { NATBED_EVERY_MS: String(neighbour.everyMs), NATBED_ARRIVALS: neighbour.arrivals } : {}),
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

type Rules = Readonly<Partial<Record<NodeId, GatewayRules>> & Record<"r", GatewayRules>>;

function rulesOf(world: ComposeWorld, shape: WorldShape): Rules {
  const rules = layersOf(world).map(({ at, gateway }) => [at, renderRuleset(gateway, gatewayPlace(shape, at))]);
  return { ...(Object.fromEntries(rules) as Rules), r: renderCoreRules(world.core) };
}

function withRoutes(recipe: NodeRecipe, world: ComposeWorld, shape: WorldShape): NodeRecipe {
  const kinds = Object.fromEntries(layersOf(world).map(({ at, gateway }) => [at, gateway.kind]));
  const routes = routesOf(shape, kinds as ByGateway<Gateway["kind"]>).filter(({ on }) => on === recipe.id);
  const lines = routes.map(({ prefix, via }) => `route add ${prefix} via ${via}`);
  return { ...recipe, configure: [...recipe.configure, ...lines] };
}

interface Scripted {
  readonly rules: Rules;
  readonly recipes: readonly NodeRecipe[];
}

/** Compose takes a `$` for a variable of its own unless it is doubled. */
function scriptOf(recipe: NodeRecipe, { rules, recipes }: Scripted): string {
  const peers = recipes.map(({ id }) => id).filter((id) => id !== "r");
  const script =
    recipe.id === "r" ? renderCoreScript(recipe, peers, rules.r) : renderNodeScript(recipe, rules[recipe.id]);
  return script.replaceAll("$", "$$$$");
}

/** The ten lines that all hosts, and all routers, have alike stand in the file once each; a NAT's or the core's own settings stand with it. */
function shareSysctls(
  document: Document,
  recipes: readonly NodeRecipe[],
  { kernel, rules }: { readonly kernel: string; readonly rules: Rules },
): void {
  for (const recipe of recipes) {
    const name = recipe.agent === "router" ? "router" : "host";
    const path = ["x-sysctls", name];
    if (!document.hasIn(path)) document.setIn(path, document.createNode(sysctlsOf(recipe, kernel)));
    const shared = document.createAlias(document.getIn(path) as YAMLMap, name);
    const own = rules[recipe.id]?.sysctls ?? {};
    const merged = document.createNode({ "<<": shared, ...own });
    document.setIn(["services", recipe.id, "sysctls"], Object.keys(own).length > 0 ? merged : shared);
  }
}

function writeListsInOneLine(document: Document): void {
  visit(document, {
    Seq: (_, list) => {
      list.flow = list.items.every((item) => isScalar(item));
    },
  });
}
