import { createReadStream, createWriteStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { pack, type Pack } from "tar-stream";
import { toldOf } from "../output.ts";
import type { Reporter } from "./reporter.ts";

/** What of a run directory no reporter can make again; the report comes first, so that a blob that was cut off still has it. */
const PARTS = ["run.json", "report.json", "cells"];

/**
 * report.blob: the whole run in one file, a tar archive under gzip, from which `natbed report A.blob B.blob` makes one run of several shards.
 * Of a run that was killed it has what is there.
 */
export const blob: Reporter = async ({ report: { dir } }, { to, print }) => {
  const archive = pack();
  const packed = packAll(archive, dir).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error as Error),
  );
  const gzip = createGzip({ level: 6 });
  if (to === "-") {
    const chunks = pipeline(archive as unknown as NodeJS.ReadableStream, gzip, async (source) => {
      for await (const chunk of source) print(chunk as Uint8Array);
    });
    await Promise.all([chunks, packed]);
    return undefined;
  }
  const file = to ?? join(dir, "report.blob");
  const written = pipeline(archive as unknown as NodeJS.ReadableStream, gzip, createWriteStream(file));
  await Promise.all([written, packed]).catch((error: unknown) => {
    throw toldOf(file, error);
  });
  return file;
};

async function packAll(archive: Pack, dir: string): Promise<void> {
  for (const part of PARTS) for (const name of await filesBelow(dir, part)) await packFile(archive, dir, name);
}

/** Regular files, in order of their names; none where there is nothing of this name. */
async function filesBelow(dir: string, part: string): Promise<string[]> {
  const found = await stat(join(dir, part)).catch(() => undefined);
  if (found?.isFile()) return [part];
  if (!found?.isDirectory()) return [];
  const entries = await readdir(join(dir, part), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .toSorted();
}

async function packFile(archive: Pack, dir: string, name: string): Promise<void> {
  const { size, mtime } = await stat(join(dir, name));
  await pipeline(createReadStream(join(dir, name)), archive.entry({ name, size, mtime }));
}
