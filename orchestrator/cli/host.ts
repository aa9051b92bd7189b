import type { Command } from "commander";
import { execa } from "execa";
import { HOST_TECHNIQUES } from "../../wire/rendezvous.ts";
import { hostAndPort, option, wholeNumber } from "./values.ts";

const EXAMPLES = `
Examples, the same words on both machines, a natbed x running on the third:
  natbed host --x 203.0.113.2 --session KEY < a-file                   send a file, or talk
  natbed host --x 203.0.113.2 --session KEY --listen 2222              on one machine, then ssh -p 2222 127.0.0.1
  natbed host --x 203.0.113.2 --session KEY --exec 'nc 127.0.0.1 22'   on the other
docs/host.md says what each technique needs. Exit codes: 0 both sides have ended, 1 no connection, or it broke, 2 asked wrongly,
otherwise a command's own.`;

interface HostOptions {
  readonly x: string;
  readonly session: string;
  readonly technique: string;
  readonly within: number;
  readonly listen?: number;
  readonly exec?: string;
}

/** `natbed host`: one side of a direct connection on this very machine. */
export function addHost(program: Command): void {
  program
    .command("host")
    .description("join standard input and output, a local port or a command to a direct connection through both NATs")
    .addOption(option("--x <host[:port]>", "where a natbed-x runs").argParser(hostAndPort).makeOptionMandatory())
    .addOption(option("--session <key>", "a secret that both sides know and nobody else").makeOptionMandatory())
    .addOption(
      option("--technique <name>", "one technique, and no other")
        .choices(["auto", ...HOST_TECHNIQUES])
        .default("auto"),
    )
    .addOption(
      option("--within <seconds>", "time from the other side's arrival to a connection")
        .argParser(wholeNumber(1, 600))
        .default(30),
    )
    .addOption(option("--listen <port>", "serve one local program").argParser(wholeNumber(1, 65_535)))
    .addOption(option("--exec <command>", "serve the standard input and output of a command").conflicts("listen"))
    .addHelpText("after", EXAMPLES)
    .action(hostHere);
}

const HOST = new URL("../../agents/natbed-host.ts", import.meta.url).pathname;

async function hostHere({ x, session, technique, within, listen, exec }: HostOptions): Promise<void> {
  const words = ["--x", x, "--session", session, "--technique", technique, "--within", String(within)];
  const local = listen === undefined ? (exec === undefined ? [] : ["--exec", exec]) : ["--listen", String(listen)];
  const child = execa(process.execPath, [HOST, ...words, ...local], { stdio: "inherit", reject: false });
  const signals = ["SIGTERM", "SIGINT"] as const;
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  const { exitCode = 1 } = await child;
  for (const signal of signals) process.off(signal, pass);
  process.exitCode = exitCode; // it has said why
}
