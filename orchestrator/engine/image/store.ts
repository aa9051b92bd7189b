import { NatbedError } from "../../errors.ts";
import type { Engine } from "../endpoint.ts";
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
