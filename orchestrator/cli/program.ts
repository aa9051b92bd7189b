import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addDiff } from "./diff.ts";
import { addDoctor } from "./doctor.ts";
import { addDown } from "./down.ts";
import { addEngine } from "./engine.ts";
import { addExplain } from "./explain.ts";
import { addHost } from "./host.ts";
import { addJudge } from "./judge.ts";
import { addMatrix } from "./matrix.ts";
import { addNat } from "./nat.ts";
import { addProbe } from "./probe.ts";
import { addReport } from "./report.ts";
import { addResults } from "./results.ts";
import { addRun } from "./run.ts";
import { addX } from "./x.ts";

const EXAMPLES = `
Examples:
  natbed matrix            run the paper's matrix
  natbed matrix --help     how to choose cells, repeat a run, write reports
  natbed nat check --all   measure every NAT that scenarios can name
  natbed doctor            is this machine fit for it?`;

/** The command line, without anything run yet. Engine and run code is loaded by the action that needs it. */
export function buildProgram(): Command {
  const program = new Command("natbed")
    .description("Brings up real Linux NATs in containers, runs TCP traversal through them, and judges from evidence.")
    .version(version())
    .addHelpText("after", EXAMPLES)
    .showSuggestionAfterError()
    .showHelpAfterError("(add --help for the options and examples)")
    .exitOverride();
  for (const add of [
    addMatrix,
    addRun,
    addNat,
    addProbe,
    addX,
    addHost,
    addDoctor,
    addDown,
    addReport,
    addResults,
    addJudge,
    addExplain,
    addDiff,
    addEngine,
  ])
    add(program);
  return program;
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return version;
}
