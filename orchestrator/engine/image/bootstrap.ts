import { existsSync, statfsSync } from "node:fs";
import { finished } from "node:stream/promises";
import { execa } from "execa";
import type { Engine } from "../endpoint.ts";
import { installPackages } from "../packages.ts";
import type { Suite } from "./debian.ts";
import { readProgress } from "./stream.ts";

export interface Bootstrap extends Suite {
  readonly tag: string;
  readonly packages: readonly string[];
}

export type BootstrapResult = { readonly kind: "made" } | { readonly kind: "failed"; readonly why: string };

/** Nobody reads manuals in there. */
const DPKG_OPTIONS = ["man", "doc", "locale", "info"].map((part) => `--dpkgopt=path-exclude=/usr/share/${part}/*`);
const TMPFS_MAGIC = 0x01021994;
const TREE_BYTES = 600e6;

/** Makes a base image from Debian packages: mmdebstrap's tar goes straight into the engine (half a minute; 80 MB). */
export async function bootstrapBase(
  engine: Engine,
  wanted: Bootstrap,
  say: (line: string) => void,
): Promise<BootstrapResult> {
  await installPackages([{ program: "mmdebstrap", name: "mmdebstrap" }], say);
  const maker = execa("mmdebstrap", bootstrapArguments(wanted), {
    env: { TMPDIR: fastFolder() },
    stdin: "ignore",
    stdout: "pipe",
    buffer: { stdout: false },
    reject: false,
  });
  const stream = await engine.docker.importImage(maker.stdout, { message: "natbed base" });
  const [{ exitCode, stderr }, end] = await Promise.all([
    maker,
    readProgress(stream, () => {}),
    finished(maker.stdout),
  ]);
  if (exitCode !== 0) {
    // A tar that ends early is imported all the same.
    if (end.kind === "done") await engine.docker.getImage(end.last).remove({ force: true });
    return { kind: "failed", why: stderr.split("\n").slice(-6).join("\n") };
  }
  if (end.kind === "failed") return end;
  const [repo, tag] = wanted.tag.split(":") as [string, string];
  await engine.docker.getImage(end.last).tag({ repo, tag });
  return { kind: "made" };
}

/** Variant `essential`: dpkg without apt, for the image installs nothing later. */
function bootstrapArguments({ mirror, suite, components, packages }: Bootstrap): string[] {
  const options = [
    "--variant=essential",
    `--include=${packages.join(",")}`,
    ...DPKG_OPTIONS,
    "--dpkgopt=force-unsafe-io",
  ];
  return [...options, suite, "-", `deb ${mirror} ${suite} ${components.join(" ")}`];
}

/** Unpacking in memory halves the time, where there is memory. */
function fastFolder(): string | undefined {
  const memory = "/dev/shm";
  if (!existsSync(memory)) return undefined;
  const { type, bavail, bsize } = statfsSync(memory);
  return type === TMPFS_MAGIC && bavail * bsize > TREE_BYTES ? memory : undefined;
}
