import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A place to take Debian (or Ubuntu) packages from. */
export interface Suite {
  readonly mirror: string;
  readonly suite: string;
  readonly components: readonly string[];
}

const SOURCE_LIST = "etc/apt/sources.list";
const SOURCE_PARTS = "etc/apt/sources.list.d";
/** What the image is meant to be; tried first on a Debian machine of any release. */
const PREFERRED = "trixie";

/** Suites to bootstrap an image from, best first, with the mirror that this machine itself uses; none where it uses none. */
export function readSuites(root = "/"): Suite[] {
  const release = readRelease(root);
  const own = readSources(root).find(({ suite }) => suite === release.codename);
  if (!own) return [];
  if (release.id === "ubuntu") return [{ ...own, components: ["main", "universe"] }];
  const suites = new Set([PREFERRED, release.codename]);
  return [...suites].map((suite) => ({ mirror: own.mirror, suite, components: ["main"] }));
}

function readRelease(root: string): { id: string; codename: string } {
  const path = join(root, "etc/os-release");
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)`, "m").exec(text)?.[1] ?? "";
  return { id: field("ID"), codename: field("VERSION_CODENAME") };
}

function readSources(root: string): Suite[] {
  const parts = join(root, SOURCE_PARTS);
  const files = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  return [join(root, SOURCE_LIST), ...files].filter((path) => existsSync(path)).flatMap(readSourceFile);
}

function readSourceFile(path: string): Suite[] {
  const text = readFileSync(path, "utf8").replace(/^#.*\n?/gm, "");
  if (path.endsWith(".sources")) return text.split(/\n{2,}/).flatMap(readStanza);
  return path.endsWith(".list") ? text.split("\n").flatMap(readLine) : [];
}

/** deb822 format, sources.list(5). */
function readStanza(text: string): Suite[] {
  const words = (name: string) =>
    new RegExp(`^${name}:(.*(?:\n[ \t].*)*)`, "im").exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  const [mirror] = words("URIs");
  if (!mirror || !words("Types").includes("deb")) return [];
  return words("Suites").map((suite) => ({ mirror, suite, components: words("Components") }));
}

/** One-line format: `deb [options] uri suite component…`. */
function readLine(line: string): Suite[] {
  const [, mirror, suite, components = ""] = /^deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)\s*(.*)$/.exec(line.trim()) ?? [];
  return mirror && suite ? [{ mirror, suite, components: components.split(/\s+/).filter(Boolean) }] : [];
}
