import type { Command } from "commander";
import { execa } from "execa";
import { PROBE_MODES, type ProbeMode } from "../../wire/fingerprint.ts";
import { NatbedError } from "../errors.ts";
import { hostAndPort, option } from "./values.ts";

const EXAMPLES = `
Examples:
  natbed probe --x 203.0.113.2                  what the NAT between this machine and that natbed-x does; some 15 s
  natbed probe --x 203.0.113.2 --mode quick     under a second, without timers
  natbed probe --x 203.0.113.2 > report.txt     to paste into a bug report; natbed nat from reads it again

As root (CAP_NET_RAW) every test runs; without, those that send packets of their own are left out and say so.
Exit codes: 0 measured, 2 asked wrongly, 3 X cannot be reached or refused.`;

interface ProbeOptions {
  readonly x: string;
  readonly mode: ProbeMode;
  readonly json?: true;
}

/** `natbed probe`: the prober on this very machine, against a natbed-x somewhere outside its NAT. */
export function addProbe(program: Command): void {
  program
    .command("probe")
    .description("measure the NAT that this machine is behind, and print its fingerprint")
    .addOption(option("--x <host[:port]>", "where a natbed-x runs").argParser(hostAndPort).makeOptionMandatory())
    .addOption(
      option("--mode <mode>", "quick, fast, or full (timers up to two hours)").choices(PROBE_MODES).default("fast"),
    )
    .addOption(option("--json", "print the fingerprint as JSON"))
    .addHelpText("after", EXAMPLES)
    .action(probeHere);
}

const PROBER = new URL("../../agents/natbed-probe.ts", import.meta.url).pathname;

async function probeHere({ x, mode, json }: ProbeOptions): Promise<void> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [PROBER, "--x", x, "--mode", mode, "--json"], {
    reject: false,
  });
  if (exitCode !== 0)
    throw new NatbedError(`the prober did not reach its end: ${stderr.trim().split("\n")[0] ?? ""}`, {
      kind: "infrastructure",
      code: "probe-failed",
      hint: `is a natbed-x at ${x}, and does a firewall let this machine connect to it?`,
    });
  const { decodeFingerprint, encodeFingerprint } = await import("../nat/fingerprint.ts");
  const read = decodeFingerprint(stdout);
  if (!read.ok) throw new Error(`the prober's own fingerprint is unreadable: ${read.error}`);
  process.stdout.write(json ? `${JSON.stringify(read.value, undefined, 2)}\n` : encodeFingerprint(read.value));
  const skipped = Object.values(read.value).filter(
    (test: unknown) =>
      (test as { ran?: boolean; why?: string }).ran === false && /CAP_/.test((test as { why: string }).why),
  );
  if (skipped.length > 0) process.stderr.write(`${skipped.length} tests were left out: run as root for all of them\n`);
}
