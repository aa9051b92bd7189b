import { homedir } from "node:os";
import { join } from "node:path";
import { NatbedError } from "../errors.ts";
import { tryEndpoint, type Engine } from "./endpoint.ts";
import { engineFolders } from "./private/folders.ts";

export type Search =
  | { readonly kind: "found"; readonly engine: Engine }
  | {
      readonly kind: "none";
      readonly tried: readonly { readonly endpoint: string; readonly why: string }[];
      readonly pinned: boolean;
    };

/**
 * Looks for an engine that answers: NATBED_DOCKER_HOST (and then nothing else), DOCKER_HOST, the usual sockets, natbed's private engine.
 * Starts nothing.
 */
export async function findEngine(env: NodeJS.ProcessEnv = process.env): Promise<Search> {
  const tried: { endpoint: string; why: string }[] = [];
  for (const { endpoint, kind } of candidates(env)) {
    const answer = await tryEndpoint(endpoint, kind);
    if (answer.kind === "answers") return { kind: "found", engine: answer.engine };
    tried.push({ endpoint, why: answer.why });
  }
  return { kind: "none", tried, pinned: Boolean(env["NATBED_DOCKER_HOST"]) };
}

/** The engine that answers. Throws NatbedError `engine-unreachable` that names what was tried. Starts nothing. */
export async function connectEngine(): Promise<Engine> {
  const search = await findEngine();
  if (search.kind === "found") return search.engine;
  throw unreachableEngine(search);
}

/** The error for a search that found nothing. */
export function unreachableEngine({ tried, pinned }: Extract<Search, { kind: "none" }>): NatbedError {
  return new NatbedError("no Docker engine answers", {
    kind: "infrastructure",
    code: "engine-unreachable",
    detail: tried.map(({ endpoint, why }) => `${endpoint}: ${why}`).join("\n"),
    hint: pinned
      ? "NATBED_DOCKER_HOST is set, so nothing else was tried: start that engine or unset the variable"
      : "run `make setup` (it starts a private engine on Debian and Ubuntu), or start Docker, or set DOCKER_HOST",
  });
}

interface Candidate {
  readonly endpoint: string;
  readonly kind: Engine["kind"];
}

function candidates(env: NodeJS.ProcessEnv): Candidate[] {
  const ours: Candidate = { endpoint: `unix://${engineFolders(env).socket}`, kind: "private" };
  const named = env["NATBED_DOCKER_HOST"];
  if (named) return [named === ours.endpoint ? ours : { endpoint: named, kind: "found" }];
  const usual = new Set([
    env["DOCKER_HOST"] ?? "",
    "unix:///var/run/docker.sock",
    env["XDG_RUNTIME_DIR"] ? `unix://${env["XDG_RUNTIME_DIR"]}/docker.sock` : "",
    `unix://${join(homedir(), ".docker/run/docker.sock")}`,
  ]);
  const found = [...usual].filter((endpoint) => endpoint !== "" && endpoint !== ours.endpoint);
  return [...found.map((endpoint): Candidate => ({ endpoint, kind: "found" })), ours];
}
