import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { execaSync } from "execa";
import { onPath, startPrivateEngine, stopPrivateEngine, type Engine } from "../../orchestrator/engine/index.ts";
import { engineFolders, type EngineFolders } from "../../orchestrator/engine/private/folders.ts";
import { unmountBelow } from "../../orchestrator/engine/private/remains.ts";

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

/** Brings an image from one engine into another, through a file: `docker save` and `docker load`. */
export async function copyImage(from: Engine, to: Engine, tag: string): Promise<void> {
  const file = join(tmpdir(), `nb-image-${process.pid}.tar`);
  try {
    await pipeline(await from.docker.getImage(tag).get(), createWriteStream(file));
    const answer = await to.docker.loadImage(createReadStream(file));
    for await (const _ of answer as AsyncIterable<Buffer>);
  } finally {
    if (existsSync(file)) rmSync(file);
  }
}
