import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { readSuites } from "../../orchestrator/engine/image/debian.ts";

const roots: string[] = [];
afterEach(() => roots.splice(0).forEach((root) => rmSync(root, { recursive: true })));

function machine(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "nb-"));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const BOOKWORM = 'ID=debian\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian"\n';

describe("the suites to bootstrap from", () => {
  it("are trixie and the machine's own, from its deb822 mirror", () => {
    const sources = `Types: deb deb-src
# http://commented.example/debian
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://security.example/
Suites: bookworm-security
Components: main
`;
    const root = machine({ "etc/os-release": BOOKWORM, "etc/apt/sources.list.d/debian.sources": sources });
    expect(readSuites(root)).toEqual([
      { mirror: "http://mirror.example/debian", suite: "trixie", components: ["main"] },
      { mirror: "http://mirror.example/debian", suite: "bookworm", components: ["main"] },
    ]);
  });

  it("come from one-line sources with options too", () => {
    const list =
      "# deb http://old.example/debian bookworm main\ndeb [arch=amd64 trusted=yes] http://m.example/debian bookworm main contrib\n";
    const root = machine({ "etc/os-release": BOOKWORM, "etc/apt/sources.list": list });
    expect(readSuites(root).map(({ mirror }) => mirror)).toEqual([
      "http://m.example/debian",
      "http://m.example/debian",
    ]);
  });

  it("are Ubuntu's own on Ubuntu", () => {
    const list = "deb http://archive.example/ubuntu noble main restricted\n";
    const root = machine({ "etc/os-release": "ID=ubuntu\nVERSION_CODENAME=noble\n", "etc/apt/sources.list": list });
    expect(readSuites(root)).toEqual([
      { mirror: "http://archive.example/ubuntu", suite: "noble", components: ["main", "universe"] },
    ]);
  });

  it("are none on a machine without apt, and trixie once on trixie", () => {
    expect(readSuites(machine({}))).toEqual([]);
    const list = "deb http://m.example/debian trixie main\n";
    const root = machine({ "etc/os-release": "ID=debian\nVERSION_CODENAME=trixie\n", "etc/apt/sources.list": list });
    expect(readSuites(root)).toEqual([{ mirror: "http://m.example/debian", suite: "trixie", components: ["main"] }]);
  });
});
