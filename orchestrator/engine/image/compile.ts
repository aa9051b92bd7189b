import { join } from "node:path";
import { execa } from "execa";
import { NatbedError } from "../../errors.ts";
import { ROOT } from "./recipe.ts";

/**
 * Compiles agents and wire into `outDir`. Types are not checked (that is `make check`): a half-finished change elsewhere must not keep an
 * image from being built. Throws NatbedError `agents-do-not-compile` with the compiler's words.
 */
export async function compileAgents(outDir: string): Promise<void> {
  const compiler = join(ROOT, "node_modules/.bin/tsc");
  const { exitCode, all, message } = await execa(
    process.execPath,
    [compiler, "-p", join(ROOT, "images/tsconfig.json"), "--outDir", outDir],
    {
      all: true,
      reject: false,
    },
  );
  if (exitCode === 0) return;
  throw new NatbedError("the agents do not compile", {
    kind: "infrastructure",
    code: "agents-do-not-compile",
    detail: (all || message || "").split("\n").slice(-20).join("\n"),
  });
}
