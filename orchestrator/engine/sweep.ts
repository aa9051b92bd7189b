import type Dockerode from "dockerode";
import type { Engine } from "./endpoint.ts";
import { KEPT_PREFIX, LABEL, OWNER_LABEL, ownerState } from "./labels.ts";

/**
 * Removes containers of ours, running or not, in parallel, and returns how many. Without `all` only those whose owner process is dead:
 * a run that goes on beside this one keeps its worlds, a world from a compose file belongs to whoever started it, and what `--keep-on-failure` left running stays for whoever wants to look at it.
 */
export async function sweep({ docker }: Engine, { all }: { all: boolean }): Promise<number> {
  const found = await docker.listContainers({ all: true, filters: { label: [`${LABEL}=1`] } });
  const doomed = all ? found : found.filter(isOrphan);
  await Promise.all(doomed.map(({ Id }) => removeContainer(docker, Id)));
  return doomed.length;
}

function isOrphan({ Labels, Names }: Dockerode.ContainerInfo): boolean {
  const kept = Names.some((name) => name.startsWith(`/${KEPT_PREFIX}`));
  const owner = Labels[OWNER_LABEL];
  return !kept && owner !== undefined && ownerState(owner) === "dead";
}

/** Removes a container however far it got; one that is gone already is fine. */
export async function removeContainer(docker: Dockerode, id: string): Promise<void> {
  try {
    await docker.getContainer(id).remove({ force: true, v: true });
  } catch (error) {
    // 404: gone; 409: AutoRemove is already at it.
    const status = (error as { statusCode?: number }).statusCode;
    if (status !== 404 && status !== 409) throw error;
  }
}
