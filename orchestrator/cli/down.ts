import type { Command } from "commander";
import { option } from "./values.ts";

const EXAMPLES = `
Examples:
  natbed down          remove what runs left behind whose process is gone; worlds of --keep-on-failure stay
  natbed down --all    remove every container of natbed's, of runs that go on and of kept worlds too`;

/** `natbed down`: removes containers. */
export function addDown(program: Command): void {
  program
    .command("down")
    .description("remove natbed's containers")
    .addOption(option("--all", "of living runs and kept worlds too"))
    .addHelpText("after", EXAMPLES)
    .action(async ({ all }: { all?: true }) => {
      const { connectEngine, sweep } = await import("../engine/index.ts");
      const removed = await sweep(await connectEngine(), { all: all === true });
      process.stdout.write(`${removed} ${removed === 1 ? "container" : "containers"} removed\n`);
    });
}
