import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { pack } from "tar-stream";
import { onPath, startPrivateEngine, stopPrivateEngine, type Engine } from "../../orchestrator/engine/index.ts";
import { runBuild } from "../../orchestrator/engine/image/build.ts";
import { readProgress } from "../../orchestrator/engine/image/stream.ts";
import { engineFolders, type EngineFolders } from "../../orchestrator/engine/private/folders.ts";
import { unmountBelow } from "../../orchestrator/engine/private/remains.ts";

const PROGRAMS = ["/usr/bin/sleep", "/usr/bin/true"];

/** Why a second private engine cannot be tried on this machine, or nothing. */
export function noPrivateEngine(): string {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs root on Linux";
  return onPath("dockerd") ? "" : "needs dockerd";
}

/**
 * Points this test process to folders of a private engine of its own; nothing is started. Disposing stops what was started there and
 * removes all of it, its images too.
 */
export function openEngineFolders(): EngineFolders & AsyncDisposable {
  const dir = mkdtempSync(join(tmpdir(), "nb-"));
  const before = { ...process.env };
  process.env["NATBED_ENGINE_DIR"] = join(dir, "data");
  process.env["NATBED_ENGINE_RUN_DIR"] = join(dir, "run");
  const folders = engineFolders();
  return {
    ...folders,
    async [Symbol.asyncDispose]() {
      await stopPrivateEngine();
      await unmountBelow(folders);
      process.env = before;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A private engine whose bounding set lacks capabilities, e.g. `-net_raw` (setpriv(1)). */
export async function startRestrictedEngine({ dataRoot }: EngineFolders, without: string): Promise<Engine> {
  const real = execaSync("which", ["dockerd"]).stdout;
  const bin = join(dataRoot, "../bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "dockerd"), `#!/bin/sh\nexec setpriv --bounding-set=${without} ${real} "$@"\n`, {
    mode: 0o755,
  });
  process.env["PATH"] = `${bin}:${process.env["PATH"]}`;
  return startPrivateEngine();
}

/**
 * A small image of two layers that runs `true` (or sleep), made of this machine's own programs: the tests of engines need any image, and
 * ours takes seconds to copy.
 */
export async function importSmallImage(engine: Engine, tag: string): Promise<void> {
  const tar = pack();
  for (const path of [...PROGRAMS, ...librariesOf(PROGRAMS)])
    tar.entry({ name: path, mode: 0o755 }, readFileSync(path));
  tar.finalize();
  const stream = await engine.docker.importImage(tar as unknown as NodeJS.ReadableStream, {
    repo: "natbed-test",
    tag: "one",
    changes: 'CMD ["/usr/bin/true"]',
  });
  await readProgress(stream, () => {});
  await runBuild(
    engine,
    { context: renderContext("FROM natbed-test:one\nCOPY Dockerfile /second-layer\n"), tag, base: "" },
    () => {},
  );
}

/** A build context that is a Dockerfile and nothing else. */
export function renderContext(dockerfile: string): NodeJS.ReadableStream {
  const tar = pack();
  tar.entry({ name: "Dockerfile" }, dockerfile);
  tar.finalize();
  return tar as unknown as NodeJS.ReadableStream;
}

function librariesOf(programs: readonly string[]): string[] {
  const lines = programs.flatMap((program) => execaSync("ldd", [program]).stdout.split("\n"));
  return [...new Set(lines.flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []))];
}
