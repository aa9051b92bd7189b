import { NatbedError } from "../../errors.ts";
import type { Engine } from "../endpoint.ts";
import { ownLabels } from "../labels.ts";
import { imageTag } from "./recipe.ts";

/** `damaged`: the engine lists the image, and its files are gone (a half-deleted data folder). */
export type ImageState = "present" | "absent" | "damaged";

export async function imageState({ docker }: Engine, tag: string): Promise<ImageState> {
  try {
    await docker.getImage(tag).inspect();
    return "present";
  } catch (error) {
    const { statusCode, message } = error as { statusCode?: number; message: string };
    if (statusCode === 404) return "absent";
    if (statusCode === 500 && message.includes("no such file")) return "damaged";
    throw error;
  }
}

export async function hasImage(engine: Engine, tag: string): Promise<boolean> {
  return (await imageState(engine, tag)) === "present";
}

/** The tag of the current sources' image. Throws NatbedError `image-missing` when the engine does not have it, whole. */
export async function requireImage(engine: Engine): Promise<string> {
  const tag = await imageTag();
  const state = await imageState(engine, tag);
  if (state === "present") return tag;
  throw new NatbedError(`the image ${tag} of these sources is ${state === "absent" ? "not built" : "damaged"}`, {
    kind: "infrastructure",
    code: "image-missing",
    hint: "run `make setup`",
  });
}

/** Whether any image of natbed is damaged: then a build on top of it fails too. */
export async function storeIsDamaged(engine: Engine): Promise<boolean> {
  const images = await engine.docker.listImages({
    filters: { reference: ["natbed", "natbed-runtime", "natbed-base"] },
  });
  const states = await Promise.all(images.map(({ Id }) => imageState(engine, Id)));
  return states.includes("damaged");
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

/** Another checkout may use this engine too, at other sources; the images differ by kilobytes. */
const KEPT: Readonly<Record<string, number>> = { natbed: 16, "natbed-runtime": 2, "natbed-base": 2 };

/** Removes all but the newest images of natbed. One that a container still uses stays. */
export async function removeOlderImages({ docker }: Engine): Promise<void> {
  for (const [repository, kept] of Object.entries(KEPT)) {
    const images = await docker.listImages({ filters: { reference: [repository] } });
    const older = images.sort((one, other) => other.Created - one.Created).slice(kept);
    for (const tag of older.flatMap(({ RepoTags }) => RepoTags ?? [])) {
      await docker.getImage(tag).remove().catch(ignoreGoneOrUsed);
    }
  }
}

function ignoreGoneOrUsed(error: unknown): void {
  const { statusCode } = error as { statusCode?: number };
  if (statusCode !== 404 && statusCode !== 409) throw error;
}
