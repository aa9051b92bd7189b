import type { Command } from "commander";
import type { Finding } from "../engine/index.ts";
import { paintFor, type Paint } from "../report/words.ts";
import { option } from "./values.ts";

const EXAMPLES = `
Examples:
  natbed doctor                             what this machine can and cannot do, with a fix for each finding
  natbed doctor --json | jq '.[] | select(.state == "fail")'

Exit codes: 0 fit to run, 3 something is missing.`;

/** `natbed doctor`: what the engine and its kernel can do. */
export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description("check the engine, its kernel and the image")
    .addOption(option("--json", "print the findings as JSON"))
    .addHelpText("after", EXAMPLES)
    .action(async ({ json }: { json?: true }) => {
      const [{ diagnose }, { axisFindings }] = await Promise.all([
        import("../engine/index.ts"),
        import("./axis-findings.ts"),
      ]);
      const looked = await diagnose(undefined);
      const findings = [...looked, ...axisFindings(looked)];
      const text = json ? JSON.stringify(findings, undefined, 2) : renderFindings(findings, paintFor(process.stdout));
      process.stdout.write(`${text}\n`);
      if (findings.some(({ state }) => state === "fail")) process.exitCode = 3;
    });
}

const STYLE = { ok: "green", warn: "yellow", fail: "red" } as const;

/** A line per finding, and below it the fix where there is one. */
function renderFindings(findings: readonly Finding[], paint: Paint): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  return findings
    .flatMap(({ check, state, found, fix }) => [
      `${paint(STYLE[state], state.padEnd(4))}  ${check.padEnd(width)}  ${found.replaceAll("\n", `\n${" ".repeat(width + 8)}`)}`,
      ...(fix ? [`${" ".repeat(width + 8)}fix: ${fix}`] : []),
    ])
    .join("\n");
}
