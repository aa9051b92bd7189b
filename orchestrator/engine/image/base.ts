import { createHash } from "node:crypto";
import { NatbedError } from "../../errors.ts";
import type { Engine } from "../endpoint.ts";
import { bootstrapBase, type Bootstrap } from "./bootstrap.ts";
import { readSuites } from "./debian.ts";
import { tools } from "./recipe.ts";
import { hasImage } from "./store.ts";
import { readProgress } from "./stream.ts";

const PUBLIC_BASE = "debian:trixie-slim";
const FIRST_WORD_WITHIN_MS = 6000;
const WHOLE_PULL_WITHIN_MS = 180_000;

/**
 * A base image that the engine has, by the shortest way: `NATBED_BASE_IMAGE` if set; one that is there; pulled, if a registry says a first
 * word within `NATBED_PULL_TIMEOUT_MS` (default 6000); otherwise made from Debian packages with this machine's own mirror.
 */
export async function openBase(engine: Engine, say: (line: string) => void): Promise<string> {
  const named = process.env["NATBED_BASE_IMAGE"];
  if (named && named !== "bootstrap") return named;
  const bootstraps = readSuites().map((suite) => ({ ...suite, tag: bootstrapTag(suite), packages: tools() }));
  for (const tag of [PUBLIC_BASE, ...bootstraps.map((bootstrap) => bootstrap.tag)]) {
    if (await hasImage(engine, tag)) return tag;
  }
  if (named !== "bootstrap" && (await pull(engine, PUBLIC_BASE, say))) return PUBLIC_BASE;
  return firstThatWorks(engine, bootstraps, say);
}

async function firstThatWorks(
  engine: Engine,
  bootstraps: readonly Bootstrap[],
  say: (line: string) => void,
): Promise<string> {
  const failures: string[] = [];
  for (const bootstrap of bootstraps) {
    say(`no base image: making one from ${bootstrap.mirror} ${bootstrap.suite}`);
    const result = await bootstrapBase(engine, bootstrap, say);
    if (result.kind === "made") return bootstrap.tag;
    failures.push(`${bootstrap.suite}: ${result.why}`);
    say(`failed: ${result.why.split("\n").at(-1) ?? ""}`);
  }
  throw new NatbedError("no base image: neither a registry nor a Debian mirror gives one", {
    kind: "infrastructure",
    code: "base-image-unavailable",
    detail: failures.join("\n"),
    hint: `load ${PUBLIC_BASE} into the engine (docker load), or name an image in NATBED_BASE_IMAGE`,
  });
}

/** Pulls and says whether the image is there. No registry, no network and no answer in time are all a plain no. */
async function pull({ docker }: Engine, image: string, say: (line: string) => void): Promise<boolean> {
  const firstWordWithinMs = Number(process.env["NATBED_PULL_TIMEOUT_MS"] ?? FIRST_WORD_WITHIN_MS);
  const limit = new AbortController();
  let timer = setTimeout(() => limit.abort(), firstWordWithinMs);
  try {
    const stream = await docker.pull(image, { abortSignal: limit.signal });
    const end = await readProgress(stream, () => {
      clearTimeout(timer);
      timer = setTimeout(() => limit.abort(), WHOLE_PULL_WITHIN_MS);
    });
    if (end.kind === "done") return true;
    say(`no ${image} from a registry: ${end.why}`);
  } catch (error) {
    say(
      `no ${image} from a registry: ${limit.signal.aborted ? `no answer within ${firstWordWithinMs} ms` : registryWords(error)}`,
    );
  } finally {
    clearTimeout(timer);
  }
  return false;
}

/** The engine's reason, without the client's prefix: `(HTTP code 500) server error - Get "https://…": dial tcp: no such host`. */
function registryWords(error: unknown): string {
  return (
    String(error)
      .trim()
      .split(/ - |: /)
      .at(-1) ?? ""
  );
}

function bootstrapTag({ suite, mirror, components }: Omit<Bootstrap, "tag" | "packages">): string {
  const inputs = [mirror, suite, ...components, ...tools()].join(" ");
  return `natbed-base:${suite}-${createHash("sha256").update(inputs).digest("hex").slice(0, 8)}`;
}
