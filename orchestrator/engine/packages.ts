import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { NatbedError } from "../errors.ts";

export interface Wanted {
  /** What must be on the PATH. */
  readonly program: string;
  /** Debian package that brings it. */
  readonly name: string;
}

const SERVICE_POLICY = "/usr/sbin/policy-rc.d";

/**
 * Installs the packages whose programs are missing, with apt-get, as root on Debian or Ubuntu. Services that a package brings are not
 * started. Throws NatbedError `package-missing` (another system, or not root) or `package-install-failed`.
 */
export async function installPackages(wanted: readonly Wanted[], say: (line: string) => void): Promise<void> {
  const names = wanted.filter(({ program }) => !onPath(program)).map(({ name }) => name);
  if (names.length === 0) return;
  if (process.getuid?.() !== 0 || !onPath("apt-get")) throw missing(names);
  say(`installing ${names.join(", ")}`);
  // Without this option apt-get update exits 0 when it reached nothing.
  await apt(["update", "-qq", "-o", "APT::Update::Error-Mode=any"], { fatal: false });
  using _quiet = openServiceBan();
  await apt(["install", "-qq", "-y", "--no-install-recommends", ...names], { fatal: true });
}

/** Whether a program is on the PATH, or where root's programs are when the PATH leaves them out. */
export function onPath(program: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** A list that could not be renewed may still be good enough to install from. */
async function apt(words: readonly string[], { fatal }: { fatal: boolean }): Promise<void> {
  const { exitCode, all } = await execa("apt-get", words, {
    env: { DEBIAN_FRONTEND: "noninteractive" },
    all: true,
    reject: false,
  });
  if (exitCode === 0 || !fatal) return;
  throw new NatbedError(`apt-get ${words[0]} failed`, {
    kind: "infrastructure",
    code: "package-install-failed",
    detail: all.split("\n").slice(-15).join("\n"),
    hint: `install by hand: apt-get install ${words
      .filter((word) => !word.startsWith("-"))
      .slice(1)
      .join(" ")}`,
  });
}

/**
 * Keeps packages from starting their services (Debian policy 9.3.3.1), as long as the value lives: Docker's own service would put a
 * bridge and packet-filter rules into the machine's network. A policy that is there already stays.
 */
function openServiceBan(): Disposable {
  const ban = "#!/bin/sh\n# natbed set-up\nexit 101\n";
  const isForeign = existsSync(SERVICE_POLICY) && readFileSync(SERVICE_POLICY, "utf8") !== ban;
  if (isForeign) return { [Symbol.dispose]() {} };
  writeFileSync(SERVICE_POLICY, ban, { mode: 0o755 });
  return { [Symbol.dispose]: () => rmSync(SERVICE_POLICY, { force: true }) };
}

function missing(names: readonly string[]): NatbedError {
  return new NatbedError(`missing on this machine: ${names.join(", ")}`, {
    kind: "infrastructure",
    code: "package-missing",
    hint: `install ${names.join(" ")} (Debian and Ubuntu: \`apt-get install ${names.join(" ")}\` as root), then run \`make setup\` again`,
  });
}
