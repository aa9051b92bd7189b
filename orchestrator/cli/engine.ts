import type { Command } from "commander";
import type { Engine } from "../engine/index.ts";

const EXAMPLES = `
Examples:
  natbed engine status    which engine natbed uses
  natbed engine start     start the private engine, for which dockerd must be installed (make setup installs it)
  natbed engine stop      stop it; its images are kept`;

/** `natbed engine`: the private Docker engine that natbed starts where there is none. */
export function addEngine(program: Command): void {
  const engine = program
    .command("engine")
    .description("start, stop or show the Docker engine")
    .addHelpText("after", EXAMPLES);
  engine
    .command("start")
    .description("start the private engine")
    .action(async () => {
      const { startPrivateEngine } = await import("../engine/index.ts");
      say(describeEngine(await startPrivateEngine((line) => process.stderr.write(`${line}\n`))));
    });
  engine
    .command("stop")
    .description("stop the private engine")
    .action(async () => {
      const { stopPrivateEngine } = await import("../engine/index.ts");
      const outcome = await stopPrivateEngine();
      say(outcome === "stopped" ? "the private engine is stopped" : "the private engine was not running");
    });
  engine
    .command("status")
    .description("show which engine answers; exit code 3 where none does")
    .action(async () => {
      const { connectEngine } = await import("../engine/index.ts");
      say(describeEngine(await connectEngine()));
    });
}

function describeEngine({ version, apiVersion, endpoint, kind }: Engine): string {
  return `docker ${version} (API ${apiVersion}, ${kind === "private" ? "natbed's own" : "found"}) at ${endpoint}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
