import { createReadStream, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { pack, type Pack } from "tar-stream";
import { dockerfile, ROOT, runtimeFiles } from "./recipe.ts";

/** Same bytes, same layer: no time of this machine goes into the image. */
const MTIME = new Date(0);

/** Build context with the large files, for the stage `runtime`. */
export function runtimeContext(): NodeJS.ReadableStream {
  return openContext(async (tar) => {
    for (const { from, to } of runtimeFiles()) await file(tar, join("runtime", to), join(ROOT, from));
    // Makes .js files ES modules, as in the repository.
    tar.entry({ name: "runtime/package.json", mtime: MTIME }, '{ "type": "module" }\n');
  });
}

/** Build context with the compiled program found in `compiled`, for a build on the runtime image. */
export function programContext(compiled: string): NodeJS.ReadableStream {
  return openContext(async (tar) => {
    folder(tar, "runtime");
    for (const entry of readdirSync(compiled, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile())
        tar.entry({ name: join("program", relative(compiled, path)), mtime: MTIME }, readFileSync(path));
    }
  });
}

function openContext(fill: (tar: Pack) => Promise<void>): NodeJS.ReadableStream {
  const tar = pack();
  folder(tar, "program");
  tar.entry({ name: "Dockerfile", mtime: MTIME }, dockerfile());
  fill(tar).then(
    () => tar.finalize(),
    (error: unknown) => tar.destroy(error as Error),
  );
  // Its typings leave out three methods of a stream that nobody calls here.
  return tar as unknown as NodeJS.ReadableStream;
}

function folder(tar: Pack, name: string): void {
  tar.entry({ name, type: "directory", mtime: MTIME });
}

async function file(tar: Pack, name: string, from: string): Promise<void> {
  const { size, mode } = statSync(from);
  await pipeline(createReadStream(from), tar.entry({ name, size, mode: mode & 0o777, mtime: MTIME }));
}
