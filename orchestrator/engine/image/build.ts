import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NatbedError } from "../../errors.ts";
import type { Engine } from "../endpoint.ts";
import { openBase } from "./base.ts";
import { compileAgents } from "./compile.ts";
import { programContext, runtimeContext } from "./context.ts";
import { imageTag, runtimeHash } from "./recipe.ts";
import { hasImage, removeOlderImages } from "./store.ts";
import { readProgress } from "./stream.ts";

/** A line to show: of natbed's own steps, or of the engine's build output. */
export type BuildListener = (line: string, from: "natbed" | "build") => void;

export interface BuildRequest {
  readonly context: NodeJS.ReadableStream;
  readonly tag: string;
  readonly base: string;
  /** Stage of the Dockerfile to stop at. */
  readonly target?: string;
}

/**
 * Builds the image of the current sources and returns its tag. The runtime layer (tools, Node, koffi) is built once and reused; the
 * agents' layer takes about a second. All but the newest natbed images are removed. Throws NatbedError `image-build-failed` with the end of the build.
 */
export async function buildImage(engine: Engine, onLine: BuildListener): Promise<string> {
  const tag = await imageTag();
  const runtime = await openRuntime(engine, onLine);
  const compiled = mkdtempSync(join(tmpdir(), "natbed-agents-"));
  try {
    await compileAgents(compiled);
    onLine(`building ${tag} on ${runtime}`, "natbed");
    await runBuild(engine, { context: programContext(compiled), tag, base: runtime }, onLine);
  } finally {
    rmSync(compiled, { recursive: true, force: true });
  }
  await engine.docker.getImage(tag).tag({ repo: "natbed", tag: "latest" });
  await removeOlderImages(engine);
  return tag;
}

/** One build; its last 20 lines are in the error when it fails. */
export async function runBuild(engine: Engine, request: BuildRequest, onLine: BuildListener): Promise<void> {
  const lines: string[] = [];
  const keep = (line: string) => {
    lines.push(line);
    onLine(line, "build");
  };
  const end = await readBuild(engine, request, keep).catch((error: unknown) => ({
    kind: "failed" as const,
    why: String(error),
  }));
  if (end.kind === "done") return;
  throw new NatbedError(`the image ${request.tag} could not be built: ${end.why}`, {
    kind: "infrastructure",
    code: "image-build-failed",
    detail: lines.slice(-20).join("\n"),
    hint: "NATBED_BASE_IMAGE names another base image, or `bootstrap` to make one from Debian packages",
  });
}

async function readBuild(
  { docker, kind }: Engine,
  { context, tag, base, target }: BuildRequest,
  onLine: (line: string) => void,
) {
  const stream = await docker.buildImage(context, {
    t: tag,
    buildargs: { BASE_IMAGE: base },
    ...(target === undefined ? {} : { target }),
    // The private engine has no bridge: a build that needs the network takes the machine's.
    ...(kind === "private" ? { networkmode: "host" } : {}),
    rm: true,
    forcerm: true,
  });
  return readProgress(stream, onLine);
}

async function openRuntime(engine: Engine, onLine: BuildListener): Promise<string> {
  const tag = `natbed-runtime:${runtimeHash()}`;
  if (await hasImage(engine, tag)) return tag;
  const base = await openBase(engine, (line) => onLine(line, "natbed"));
  onLine(`building ${tag} on ${base}`, "natbed");
  await runBuild(engine, { context: runtimeContext(), tag, base, target: "runtime" }, onLine);
  return tag;
}
