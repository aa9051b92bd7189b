import type { ContainerRuntimeClient } from "testcontainers";
import type { ContainerInfo } from "dockerode";
import { connectEngine, LABEL, type Engine } from "../../orchestrator/engine/index.ts";

/**
 * A second opinion on what the engine holds: the containers of ours as testcontainers' own client sees them, not ours. Its reaper stays off:
 * it would need an image from a registry.
 */
async function openRuntimeClient(engine: Engine): Promise<ContainerRuntimeClient> {
  pointTestcontainersAt(engine);
  const { getContainerRuntimeClient } = await import("testcontainers");
  return getContainerRuntimeClient();
}

/** Containers with our label, running or not. */
export async function listOurs(engine: Engine): Promise<ContainerInfo[]> {
  const client = await openRuntimeClient(engine);
  const all = await client.container.dockerode.listContainers({ all: true });
  return all.filter(({ Labels }) => Labels[LABEL] === "1");
}

/** For `GenericContainer`: import testcontainers only after this. */
export function pointTestcontainersAt({ endpoint }: Engine): void {
  process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
  process.env["DOCKER_HOST"] = endpoint;
  // Otherwise it asks a network `bridge` for its gateway wherever a file /.dockerenv lies; our engine has no bridge.
  process.env["TESTCONTAINERS_HOST_OVERRIDE"] = "localhost";
}

/** The engine of this test run, or the reason to skip what needs one. */
export async function engineOrReason(): Promise<{ engine: Engine } | { reason: string }> {
  try {
    return { engine: await connectEngine() };
  } catch (error) {
    if (process.env["REQUIRE_DOCKER"]) throw error;
    return { reason: `skipped: ${(error as Error).message} (REQUIRE_DOCKER is not set)` };
  }
}
