import { mkdir, mkdtemp, rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { NatbedError } from "../errors.ts";

/** Makes the directory that results are to go to. Throws NatbedError `output-unusable` where nothing can be written there. */
export async function openOutput(dir: string): Promise<void> {
  try {
    await makeDir(resolve(dir));
    await rmdir(await mkdtemp(join(dir, ".natbed-"))); // root is told of no permission that a file system lacks
  } catch (cause) {
    throw unwritable(dir, cause, OF_DIRECTORIES);
  }
}

/** Level by level: mkdir's own recursion never ends below /proc (ENOENT although the parent is there). */
async function makeDir(dir: string): Promise<void> {
  const found = await stat(dir).catch(() => undefined);
  if (found?.isDirectory()) return;
  if (!found && dir !== dirname(dir)) await makeDir(dirname(dir));
  await mkdir(dir).catch(async (error: unknown) => {
    const made = await stat(dir).catch(() => undefined); // by somebody else in the meantime
    if (!made?.isDirectory()) throw error;
  });
}

/** An error as it is to be told of a file that was asked for: `at`, a draft of it for one, is nothing that anybody said. */
export function toldOf(file: string, error: unknown, at = file): unknown {
  return (error as NodeJS.ErrnoException).path === at ? unwritable(file, error) : error;
}

export function unwritable(path: string, cause: unknown, reasons = REASONS): NatbedError {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  return new NatbedError(`cannot write ${path}: ${reasons[code] ?? message}`, {
    kind: "usage",
    code: "output-unusable",
    hint: "name a place that this user can write to",
    cause,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "this user may not write there",
  EEXIST: "what has that name is no directory",
  EISDIR: "it is a directory",
  ENOENT: "its folder is not there",
  ENOSPC: "no space is left",
  ENOTDIR: "what has the name of its folder is no directory",
  EPERM: "nothing can be made there",
  EROFS: "nothing there can be changed",
};

/** Where all folders above are there, this is a file system that makes nothing. */
const OF_DIRECTORIES: typeof REASONS = { ...REASONS, ENOENT: "nothing can be made there" };
