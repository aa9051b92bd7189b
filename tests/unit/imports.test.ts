import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = new URL("../../", import.meta.url).pathname;

interface Rule {
  /** Units that may be imported, besides the unit itself. */
  readonly may: readonly string[];
  /** No I/O, no clock: of node's modules and of packages only those that compute. */
  readonly pure?: true;
}

const NAT = ["wire", "orchestrator/errors.ts", "orchestrator/nat"];
const OUTCOME = [...NAT, "orchestrator/verdict/outcome.ts"];
const SCENARIO = [...OUTCOME, "orchestrator/scenario"];
const PLAN = [...SCENARIO, "orchestrator/plan"];
const EVIDENCE = [...PLAN, "orchestrator/evidence"];
const VERDICT = [...EVIDENCE, "orchestrator/verdict"];
const TIMELINE = [...EVIDENCE, "orchestrator/timeline"];
const REPORT = [...new Set([...VERDICT, ...TIMELINE, "orchestrator/report"])];
const WORLD = [...EVIDENCE, "orchestrator/engine", "orchestrator/world"];
const RUN = [...new Set([...REPORT, ...WORLD, "orchestrator/run"])];

/** Who may import whom (docs/architecture.md). A file belongs to the longest unit that its path starts with. */
const RULES: Record<string, Rule> = {
  wire: { may: [], pure: true },
  agents: { may: ["wire", "agents/technique", "agents/choice"] },
  "agents/technique": { may: ["wire", "agents/choice"], pure: true },
  "agents/choice": { may: ["wire"], pure: true },
  "orchestrator/errors.ts": { may: [], pure: true },
  "orchestrator/nat": { may: NAT, pure: true },
  // a unit of its own because engine may import it
  "orchestrator/nat/needs.ts": { may: NAT, pure: true },
  "orchestrator/verdict/outcome.ts": { may: OUTCOME, pure: true },
  "orchestrator/scenario": { may: SCENARIO, pure: true },
  "orchestrator/scenario/load.ts": { may: SCENARIO },
  "orchestrator/plan": { may: PLAN, pure: true },
  "orchestrator/evidence": { may: EVIDENCE, pure: true },
  "orchestrator/evidence/store": { may: EVIDENCE },
  "orchestrator/evidence/load": { may: EVIDENCE },
  "orchestrator/verdict": { may: VERDICT, pure: true },
  "orchestrator/timeline": { may: TIMELINE, pure: true },
  "orchestrator/timeline/load.ts": { may: TIMELINE },
  "orchestrator/report": { may: REPORT, pure: true },
  "orchestrator/report/directory.ts": { may: REPORT },
  "orchestrator/report/ladder/load.ts": { may: REPORT },
  "orchestrator/report/output.ts": { may: REPORT },
  "orchestrator/report/reporters": { may: [...REPORT, "orchestrator/report/directory.ts"] },
  "orchestrator/report/html/shell.ts": { may: REPORT },
  "orchestrator/report/html/trial-files.ts": { may: REPORT },
  "orchestrator/report/html/write.ts": { may: REPORT },
  // types alone: the page's program must not carry the orchestrator
  "orchestrator/report/html/content.ts": { may: [], pure: true },
  viewer: { may: ["wire", "orchestrator/report/html/content.ts"] },
  "orchestrator/engine": { may: ["orchestrator/errors.ts", "orchestrator/nat/needs.ts"] },
  "orchestrator/world": { may: WORLD },
  "orchestrator/run": { may: RUN },
  "orchestrator/index.ts": { may: RUN },
  "orchestrator/cli": { may: [...RUN, "orchestrator/index.ts"] },
};

/** Modules that compute and touch nothing. */
const PURE_MODULES = new Set(["node:util", "node:zlib", "node:crypto", "node:net", "yaml", "zod"]);

const UNITS = Object.keys(RULES).toSorted((p, q) => q.length - p.length);

describe("the import table", () => {
  const files = globSync(["{wire,agents,orchestrator}/**/*.ts", "viewer/**/*.{ts,tsx}"], { cwd: ROOT }).toSorted(
    (p, q) => p.localeCompare(q),
  );

  it.each(files)("allows what %s imports", (file) => {
    const unit = unitOf(file);
    expect(unit, `${file} is in no unit: add its folder to RULES and to docs/architecture.md`).toBeDefined();
    expect(importsOf(file).flatMap((target) => complaint(file, unit!, target))).toEqual([]);
  });

  it("names units that exist, and no module that nobody imports", () => {
    expect(UNITS.filter((unit) => !files.some((file) => unitOf(file) === unit))).toEqual([]);
    for (const { may } of Object.values(RULES)) expect(UNITS).toEqual(expect.arrayContaining([...may]));
    const imported = new Set(files.flatMap(importsOf));
    expect([...PURE_MODULES].filter((name) => !imported.has(name))).toEqual([]);
  });
});

function unitOf(file: string): string | undefined {
  return UNITS.find(
    (unit) => file === unit || file.startsWith(unit.endsWith(".ts") ? unit : `${unit}/`) || file === `${unit}.ts`,
  );
}

/** Imported modules: packages by name, files of ours by their path from the root. */
function importsOf(file: string): string[] {
  const source = readFileSync(join(ROOT, file), "utf8");
  const found = source.matchAll(
    /^\s*(?:import|export)\s[^"';]*?from\s+"([^"]+)"|^\s*import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"/gm,
  );
  return [...found].map((match) => {
    const name = match[1] ?? match[2] ?? match[3]!;
    return name.startsWith(".") ? relative(ROOT, join(ROOT, dirname(file), name)) : name;
  });
}

function complaint(file: string, unit: string, target: string): string[] {
  const { may, pure } = RULES[unit]!;
  if (!/\.(tsx?|json)$/.test(target) || !target.includes("/")) {
    if (!pure || PURE_MODULES.has(target)) return [];
    return [
      `${file} imports ${target}, but ${unit} is pure: take the value as a parameter, and do the I/O in run or cli`,
    ];
  }
  const owner = unitOf(target);
  if (!owner || owner === unit || may.includes(owner) || may.some((allowed) => owner.startsWith(`${allowed}/`)))
    return [];
  const advice = "move what both need down to the lowest of the two, or hand it over as a value";
  return [`${file} imports ${target}, but ${unit} may import only ${may.join(", ") || "nothing of ours"}: ${advice}`];
}
