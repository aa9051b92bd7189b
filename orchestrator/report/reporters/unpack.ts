import { createReadStream, createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { NatbedError } from "../../errors.ts";

/** What a blob may hold, and where: it comes from elsewhere, and writes nothing outside of its run directory. */
const PLACE = /^(?:(?:run|report)\.json|cells\/(?!\.\.?\/)[^/\0]+\/(?:trial-\d+\/)?(?!\.\.?$)[^/\0]+)$/;

/**
 * Unpacks a blob into a directory. Returns what is wrong with it where it ends early: what stands before that is there. Throws NatbedError
 * `blob-unreadable` where it is no blob, or holds what a blob does not.
 */
export async function unpackBlob(file: string, dir: string): Promise<string | undefined> {
  const archive = extract();
  let files = 0;
  let foreign: string | undefined;
  const feed = pipeline(createReadStream(file), createGunzip(), archive);
  const take = async (): Promise<void> => {
    for await (const entry of archive) {
      entry.on("error", () => {}); // it is the archive's own, and told there
      const { name, type } = entry.header;
      if (type !== "file" || !PLACE.test(name)) {
        foreign = `it holds ${JSON.stringify(name)}`;
        throw new Error(foreign);
      }
      await mkdir(dirname(join(dir, name)), { recursive: true });
      await pipeline(entry, createWriteStream(join(dir, name)));
      files += 1;
    }
  };
  const [fed, taken] = await Promise.allSettled([feed, take()]);
  const failed = taken.status === "rejected" ? taken : fed.status === "rejected" ? fed : undefined;
  if (!failed) return undefined;
  const cause: unknown = failed.reason;
  const why = cause instanceof Error ? cause.message : String(cause);
  if (files > 0 && foreign === undefined) return `ends early, behind ${files} files: ${why}`;
  throw new NatbedError(`${file} is neither a run directory nor a blob`, {
    kind: "usage",
    code: "blob-unreadable",
    hint: "name a directory below runs/, or a file that --reporter blob wrote",
    detail: why,
    cause,
  });
}
