import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { execa } from "execa";

/**
 * Holds a machine-wide lock for as long as the value lives. The lock is the kernel's (flock(1), part of Debian's essential set), held by a
 * child that ends with our end of its stdin: whatever happens to us, no stale lock is left.
 */
export async function openLock(path: string): Promise<AsyncDisposable> {
  mkdirSync(dirname(path), { recursive: true });
  const holder = execa("flock", [path, "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdout: "pipe",
    buffer: false,
  });
  await Promise.race([once(holder.stdout, "data"), holder]);
  return {
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await holder;
    },
  };
}
