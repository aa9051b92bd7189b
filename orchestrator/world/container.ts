import type { Duplex } from "node:stream";
import type Dockerode from "dockerode";
import type { NodeId } from "../../wire/control.ts";
import { ownLabels, removeContainer, WRITABLE_NETWORK_SETTINGS, type Engine } from "../engine/index.ts";
import { sysctlsOf, type NodeRecipe } from "../plan/nodes.ts";
import { Agent } from "./agent.ts";

export interface ContainerPlace {
  readonly engine: Engine;
  readonly image: string;
  readonly runId: string;
  /** Unique in the run. */
  readonly world: string;
}

export interface StartedNode {
  readonly id: NodeId;
  readonly container: Dockerode.Container;
  readonly agent: Agent;
  /** Removes the container by force, however far it got. */
  readonly remove: () => Promise<void>;
}

/**
 * Starts one node's container with its agent attached. `host`: the container whose PID namespace it shares (R has its own).
 * The container lives as long as the attached stdin does: AutoRemove, StdinOnce, and an agent that exits on end-of-file.
 */
export async function startNode(
  recipe: NodeRecipe,
  { engine, image, runId, world }: ContainerPlace,
  host?: Dockerode.Container,
): Promise<StartedNode> {
  const container = await engine.docker.createContainer({
    name: `natbed-${runId}-${world}-${recipe.id}`,
    Hostname: recipe.id,
    Image: image,
    Cmd: ["/opt/natbed/bin/node", `/opt/natbed/agents/${recipe.agent}.js`],
    Labels: { ...ownLabels(runId), "natbed.world": world, "natbed.node": recipe.id },
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      AutoRemove: true,
      NetworkMode: "none",
      CapDrop: ["ALL"],
      CapAdd: [...recipe.capabilities],
      Sysctls: sysctlsOf(recipe, engine.kernel),
      ...(recipe.agent === "router" ? WRITABLE_NETWORK_SETTINGS : {}),
      LogConfig: { Type: "none", Config: {} },
      ...(host ? { PidMode: `container:${host.id}` } : {}),
    },
  });
  const remove = (): Promise<void> => removeContainer(engine.docker, container.id);
  try {
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const agent = new Agent(recipe.id, stream as unknown as Duplex, engine.docker.modem);
    await container.start();
    return { id: recipe.id, container, agent, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
