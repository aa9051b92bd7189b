import { readFile } from "node:fs/promises";
import { NatbedError } from "../errors.ts";
import { NATS } from "../nat/catalogue.ts";
import type { Cell } from "./cell.ts";
import { checkCombination } from "./combination.ts";
import { expandMatrix, groupByGateways } from "./expand.ts";
import { resolveNats } from "./gateways.ts";
import { explainIssue } from "./problem.ts";
import { parseRules, type RuleTable } from "./rules.ts";
import { NO_NAT, scenarioSchema } from "./schema.ts";
import { parseSource, type Source } from "./source.ts";

/** A scenario file that was found to be sound: every cell has an expectation and can be built. */
export interface Scenario {
  readonly path: string;
  readonly name: string;
  /** In the order of the file. */
  readonly cells: readonly Cell[];
}

/** Reads and checks a scenario file. Throws NatbedError `scenario-unreadable` or `scenario-invalid`, the latter with every problem of the first step that finds any. */
export async function loadScenario(path: string): Promise<Scenario> {
  const [text, table] = await Promise.all([readScenario(path), loadRules()]);
  return parseScenario(path, text, table);
}

/** natbed's own table of what each technique needs. */
export async function loadRules(): Promise<RuleTable> {
  const path = new URL("../../scenarios/rules.yaml", import.meta.url).pathname;
  return parseRules(path, await readScenario(path));
}

async function readScenario(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const hint = "name a YAML file; natbed's own are in scenarios/";
    throw new NatbedError(`cannot read scenario ${path}`, { kind: "usage", code: "scenario-unreadable", cause, hint });
  }
}

/** A table that says nothing. */
const NO_RULES: RuleTable = { kinds: {}, holds: {}, techniques: [] };

/** {@link loadScenario} for text that is at hand; `path` is for messages. */
export function parseScenario(path: string, text: string, table: RuleTable = NO_RULES): Scenario {
  const source = parseSource(path, text);
  const parsed = scenarioSchema(gatewayNames(source)).safeParse(source.data);
  if (!parsed.success) throw source.error(parsed.error.issues.flatMap((issue) => explainIssue(issue, source.data)));
  const file = parsed.data;
  const { nats, problems } = resolveNats(file.nats ?? {});
  const combinations = file.matrix.flatMap((entry, index) =>
    checkCombination(entry, nats).map((problem) => ({ ...problem, path: ["matrix", index, ...problem.path] })),
  );
  // Cells of impossible entries would only repeat the same complaint in other words.
  const impossible = [...problems, ...combinations];
  if (impossible.length > 0) throw source.error(impossible);
  const expanded = expandMatrix(file, nats, table);
  if (expanded.problems.length > 0) throw source.error(expanded.problems);
  return { path, name: file.name, cells: expanded.cells };
}

/** Names that an entry may use; the file's own NATs count even before it is known whether they are sound. */
function gatewayNames({ data }: Source): string[] {
  const own = (data as { nats?: unknown } | null)?.nats;
  const names = typeof own === "object" && own !== null && !Array.isArray(own) ? Object.keys(own) : [];
  return [...new Set([...Object.keys(NATS), ...names, NO_NAT])];
}

/** The user's changes to every cell. */
export interface CellLimits {
  readonly trials?: number;
  readonly deadlineMs?: number;
}

/** The scenario's cells as they are run: limits applied, cells with the same NATs next to each other. Deterministic. */
export function expandScenario(scenario: Scenario, limits: CellLimits = {}): Cell[] {
  return groupByGateways(scenario.cells.map((cell) => ({ ...cell, ...limits })));
}
