import { enableCompileCache } from "node:module";

// Stripping types and compiling takes longer than everything else that `natbed matrix --list` does; must precede other imports.
enableCompileCache();
const { CommanderError } = await import("commander");
const { NatbedError, renderError } = await import("../errors.ts");
const { buildProgram } = await import("./program.ts");
const { dropFalseSwitches } = await import("./values.ts");

// A reader that went away (`natbed matrix --list | head`) is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

dropFalseSwitches(process.env);
try {
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = exitCodeFor(error);
}

/** Says what went wrong and which exit code it has (UX: 2 usage, 3 infrastructure). */
function exitCodeFor(error: unknown): number {
  // Commander has printed its own message; its exit code 0 belongs to --help and --version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  process.stderr.write(`${renderError(error)}\n`);
  return error instanceof NatbedError && error.kind === "usage" ? 2 : 3;
}
