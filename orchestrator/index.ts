/** The library: what a program needs to run scenarios and to judge and report what came of them. */
export { NatbedError, renderError, type FaultKind } from "./errors.ts";
export { NATS } from "./nat/catalogue.ts";
export type { Gateway, NatModel, PortAllocation, PortRange } from "./nat/model.ts";
export { renderRuleset } from "./nat/ruleset.ts";
export { readRun, writeReport } from "./report/directory.ts";
export type { CellResult, RunEvent, RunReport, TrialResult } from "./report/events.ts";
export { renderMarkdown } from "./report/markdown.ts";
export { runMatrix, type MatrixOptions } from "./run/matrix.ts";
export type { Cell } from "./scenario/cell.ts";
export { expandScenario, loadScenario, type Scenario } from "./scenario/load.ts";
export { judge } from "./verdict/judge.ts";
export type { Cause, Expectation, Outcome, Proof } from "./verdict/outcome.ts";
