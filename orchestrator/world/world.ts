import type { NodeId } from "../../wire/control.ts";
import { KEPT_PREFIX } from "../engine/index.ts";
import { NatbedError } from "../errors.ts";
import { coreNode, nodesOf, offload, type NodeRecipe } from "../plan/nodes.ts";
import type { GatewayId, WorldShape } from "../plan/shape.ts";
import { wiring } from "../plan/wiring.ts";
import type { Agent, AgentLog } from "./agent.ts";
import { startCore } from "./core.ts";
import { startNode, type ContainerPlace, type StartedNode } from "./container.ts";

const READY_WITHIN_MS = 20_000;
const GONE_WITHIN_MS = 10_000;

/** A world of containers, wired and with every agent ready. Dispose of it to end it. */
export class World implements AsyncDisposable {
  readonly name: string;
  readonly shape: WorldShape;
  readonly #nodes: ReadonlyMap<NodeId, StartedNode>;

  constructor(name: string, shape: WorldShape, nodes: readonly StartedNode[]) {
    this.name = name;
    this.shape = shape;
    this.#nodes = new Map(nodes.map((node) => [node.id, node]));
  }

  agent(id: NodeId): Agent {
    const node = this.#nodes.get(id);
    if (!node)
      throw new NatbedError(`world ${this.name} has no ${id}`, { kind: "infrastructure", code: "no-such-node" });
    return node.agent;
  }

  get ids(): readonly NodeId[] {
    return [...this.#nodes.keys()];
  }

  /** The home NATs, and the carriers that there are. */
  get gateways(): readonly GatewayId[] {
    return ["na", "nb", ...this.shape.carriers];
  }

  takeLogs(): readonly AgentLog[] {
    return [...this.#nodes.values()]
      .flatMap(({ agent }) => agent.takeLogs())
      .sort((one, other) => one.atUs - other.atUs);
  }

  /**
   * Lets the containers outlive this process, under names that start with `natbed-kept-`; returns the names. A container that
   * cannot be kept, such as that of an agent that crashed, is none of them.
   */
  async keep(): Promise<readonly string[]> {
    const outcomes = await Promise.allSettled([...this.#nodes.values()].map((node) => this.#keepNode(node)));
    return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  }

  async #keepNode({ id, container, agent }: StartedNode): Promise<string> {
    await agent.call("keep", {});
    const name = `${KEPT_PREFIX}${container.id.slice(0, 6)}-${this.name}-${id}`;
    await container.rename({ name });
    agent.close();
    return name;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endNodes([...this.#nodes.values()]);
  }
}

/** Brings a world up: R first, the rest in parallel in R's PID namespace, then links, addresses and R's own rules. */
export async function openWorld(place: ContainerPlace, shape: WorldShape): Promise<World> {
  const started: StartedNode[] = [];
  const start = async (recipe: NodeRecipe, r?: StartedNode): Promise<StartedNode> => {
    const node = await startNode(recipe, place, r?.container);
    started.push(node);
    return node;
  };
  try {
    const core = coreNode(shape);
    const r = await start(core);
    const recipes = nodesOf(shape);
    const outcomes = await Promise.allSettled(recipes.map((recipe) => start(recipe, r)));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    await wire(started);
    await Promise.all([core, ...recipes].map((recipe) => configure(recipe, agentOf(started, recipe.id))));
    await startCore(agentOf(started, "r"));
    return new World(place.world, shape, started);
  } catch (error) {
    await endNodes(started);
    throw asInfrastructure(error);
  }
}

async function wire(nodes: readonly StartedNode[]): Promise<void> {
  const late = new Promise<never>((_, reject) => {
    const error = new NatbedError("agents were not ready in time", { kind: "infrastructure", code: "world-not-ready" });
    setTimeout(reject, READY_WITHIN_MS, error).unref();
  });
  const pids = await Promise.race([
    late,
    Promise.all(nodes.map(async ({ id, agent }) => [id, await agent.ready] as const)),
  ]);
  const lines = wiring(Object.fromEntries(pids));
  await agentOf(nodes, "r").run(["ip", "-batch", "-"], `${lines.join("\n")}\n`);
}

async function configure(recipe: NodeRecipe, agent: Agent): Promise<void> {
  await agent.run(["ip", "-batch", "-"], `${recipe.configure.join("\n")}\n`);
  await agent.run(["sh", "-ec", offload(recipe).join("\n")]);
}

function agentOf(nodes: readonly StartedNode[], id: NodeId): Agent {
  const node = nodes.find((candidate) => candidate.id === id);
  if (!node) throw new Error(`no node ${id}`);
  return node.agent;
}

/**
 * Ends R, and with its PID namespace every process of the world; the engine then removes the containers by itself (AutoRemove).
 * Returns when they are gone. What is still there after a while is removed by force.
 */
async function endNodes(nodes: readonly StartedNode[]): Promise<void> {
  const unanswered = new AbortController();
  const removed = { condition: "removed", abortSignal: unanswered.signal } as const;
  const wait = (node: StartedNode): Promise<unknown> => node.container.wait(removed).catch(() => {}); // gone already, or the engine is: nothing to wait for
  const gone = Promise.all(nodes.map(wait)).then(() => "gone" as const);
  for (const { agent } of nodes) agent.close();
  await nodes
    .find(({ id }) => id === "r")
    ?.container.kill()
    .catch(() => {}); // dead already: so are the others
  const late = new Promise<"late">((resolve) => setTimeout(resolve, GONE_WITHIN_MS, "late" as const).unref());
  if ((await Promise.race([gone, late])) === "late") await Promise.allSettled(nodes.map((node) => node.remove()));
  unanswered.abort(); // a question that an overloaded engine never answers would keep this process alive
}

function asInfrastructure(error: unknown): unknown {
  if (error instanceof NatbedError) return error;
  const { message } = error as Error;
  return new NatbedError(`cannot bring a world up: ${message}`, {
    kind: "infrastructure",
    code: "world-failed",
    cause: error,
  });
}
