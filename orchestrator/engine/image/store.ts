import { NatbedError } from "../../errors.ts";
import type { Engine } from "../endpoint.ts";
import { ownLabels } from "../labels.ts";
import { imageTag } from "./recipe.ts";

export async function hasImage({ docker }: Engine, tag: string): Promise<boolean> {
  try {
    await docker.getImage(tag).inspect();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
    throw error;
  }
}

/** The tag of the current sources' image. Throws NatbedError `image-missing` when the engine does not have it. */
export async function requireImage(engine: Engine): Promise<string> {
  const tag = await imageTag();
  if (await hasImage(engine, tag)) return tag;
  throw new NatbedError(`the image ${tag} of these sources is not built`, {
    kind: "infrastructure",
    code: "image-missing",
    hint: "run `make setup`",
  });
}

/** Whether a container of the image really runs: an engine that was killed or half deleted may list an image whose files are gone. */
export async function imageRuns({ docker }: Engine, tag: string): Promise<boolean> {
  try {
    const container = await docker.createContainer({
      Image: tag,
      Labels: ownLabels("image-check"),
      HostConfig: { NetworkMode: "none", CapDrop: ["ALL"] },
    });
    try {
      await container.start();
      const { StatusCode } = (await container.wait()) as { StatusCode: number };
      return StatusCode === 0;
    } finally {
      await container.remove({ force: true });
    }
  } catch {
    return false;
  }
}

/** Removes images of natbed with other tags than those to keep. One that a container still uses stays. */
export async function removeOlderImages({ docker }: Engine, keep: readonly string[]): Promise<void> {
  const images = await docker.listImages({ filters: { reference: ["natbed", "natbed-runtime"] } });
  const older = images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => !keep.includes(tag));
  for (const tag of older) {
    try {
      await docker.getImage(tag).remove();
    } catch (error) {
      const status = (error as { statusCode?: number }).statusCode;
      if (status !== 404 && status !== 409) throw error;
    }
  }
}
