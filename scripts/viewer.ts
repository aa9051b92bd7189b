/** Builds the report page's program: one file with script and style inside, which may do nothing that its policy does not name. */
import { createHash } from "node:crypto";
import { existsSync, globSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";
import { shellPath } from "../orchestrator/report/html/shell.ts";

const FOLDER = fileURLToPath(new URL("../viewer/", import.meta.url));

/** Builds it unless it is there; says which. */
export async function buildViewer(): Promise<"present" | "built"> {
  const path = await shellPath();
  if (existsSync(path)) return "present";
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const outDir = await mkdtemp(join(folder, "viewer-build-"));
  try {
    await build({
      root: FOLDER,
      configFile: false,
      envDir: false,
      logLevel: "warn",
      // under vitest too the page is the one that users get, without the places of its sources in it
      oxc: { jsx: { development: false } },
      plugins: [viteSingleFile({ removeViteModuleLoader: true })],
      build: { outDir, emptyOutDir: true, target: "es2022", modulePreload: false, reportCompressedSize: false },
    });
    const page = withPolicy(await readFile(join(outDir, "index.html"), "utf8"));
    await writeFile(join(outDir, "page"), page);
    await rename(join(outDir, "page"), path);
    const others = globSync("viewer-*.html", { cwd: folder }).filter((name) => name !== basename(path));
    for (const older of others) await rm(join(folder, older), { force: true });
  } finally {
    await rm(outDir, { recursive: true });
  }
  return "built";
}

/**
 * Nothing is loaded and nothing runs but the script and style that are in the page, by their hashes; and no script makes HTML out of text.
 * The policy comes first, for it holds for what follows it only.
 */
function withPolicy(page: string): string {
  const hashes = (tag: string) =>
    [...page.matchAll(new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`, "g"))].map(
      ([, text]) => `'sha256-${createHash("sha256").update(text!).digest("base64")}'`,
    );
  const [scripts, styles] = [hashes("script"), hashes("style")];
  if (scripts.length !== 1 || styles.length !== 1)
    throw new Error(`${basename(FOLDER)}: ${scripts.length} scripts and ${styles.length} styles, not one of each`);
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.join(" ")}`,
    `style-src ${styles.join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
  return page.replace("<head>", () => `<head>\n    <meta http-equiv="Content-Security-Policy" content="${policy}" />`);
}
