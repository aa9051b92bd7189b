import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { NatbedError } from "../../errors.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** All that the page's program is made from. */
const SOURCES = [
  "viewer/**/*.{ts,tsx,css,html,json}",
  "wire/*.ts",
  "orchestrator/report/html/content.ts",
  "scripts/viewer.ts",
];

/** Where the page's program is, once it was built from these very sources. */
export async function shellPath(): Promise<string> {
  const paths = [...SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT })), "package.json"].toSorted();
  const hash = createHash("sha256");
  for (const path of paths)
    hash
      .update(path)
      .update("\0")
      .update(await readFile(join(ROOT, path)));
  return join(ROOT, ".natbed", `viewer-${hash.digest("hex").slice(0, 12)}.html`);
}

/** The page's program without data. Throws NatbedError `viewer-missing`. */
export async function readShell(): Promise<string> {
  try {
    return await readFile(await shellPath(), "utf8");
  } catch (cause) {
    throw new NatbedError("the report page's program has not been built", {
      kind: "infrastructure",
      code: "viewer-missing",
      hint: "`make report` builds it in a second, as does `make setup`",
      cause,
    });
  }
}
