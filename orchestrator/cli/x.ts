import type { Command } from "commander";
import { execa } from "execa";
import { option, wholeNumber } from "./values.ts";

const EXAMPLES = `
Examples:
  natbed x                        on a public machine, until Ctrl-C
  natbed probe --x 203.0.113.2    then on a machine behind a NAT

As root it serves everything; without, it says what it cannot do, and does the rest. docs/x.md has the ports to open.
Exit codes: 0 stopped, 2 asked wrongly, 3 it cannot serve, with the reason.`;

const X = new URL("../../agents/natbed-x.ts", import.meta.url).pathname;

/** `natbed x`: the helper X on this very machine. */
export function addX(program: Command): void {
  program
    .command("x")
    .description("be the helper X on a public machine: rendezvous, probe ports, relay, and the prober's hand outside")
    .addOption(
      option(
        "--forged-per-second <n>",
        "packets that all sessions together may have forged, from 100 up, 5000 where not said",
      ).argParser(wholeNumber(100, 999_999_999)), // what natbed-x itself takes
    )
    .addHelpText("after", EXAMPLES)
    .action(serveHere);
}

async function serveHere({ forgedPerSecond }: { readonly forgedPerSecond?: number }): Promise<void> {
  const budget = forgedPerSecond === undefined ? [] : ["--forged-per-second", String(forgedPerSecond)];
  const child = execa(process.execPath, [X, ...budget], { stdio: "inherit", reject: false });
  const signals = ["SIGTERM", "SIGINT"] as const;
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  const { exitCode } = await child;
  for (const signal of signals) process.off(signal, pass);
  process.exitCode = exitCode === 0 ? 0 : 3; // it has said why
}
