import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { z } from "zod";
import type { RunReport } from "../../orchestrator/report/events.ts";
import { natbed, openFolder, type Folder } from "../kit/command.ts";
import { quickEntry, scenario } from "../kit/slow.ts";

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

const noEngine = inject("noEngine");

let folder: Folder;
beforeEach(() => {
  folder = openFolder();
});
afterEach(() => folder[Symbol.dispose]());

describe("natbed matrix --list", () => {
  it("prints the paper's cells with what is expected, and needs no engine", async () => {
    const env = { NATBED_DOCKER_HOST: "unix:///nowhere/docker.sock" };
    const { code, stdout } = await natbed(["matrix", "--list"], env);
    expect(code).toBe(0);
    const lines = stdout.split("\n");
    expect(lines.length).toBeGreaterThanOrEqual(150);
    expect(lines).toContainEqual(expect.stringMatching(/^public\.none~none +direct$/));
    expect(lines).toContainEqual(
      expect.stringMatching(/^connect\.preserve~preserve\.reset\.te-translate +blocked: reset-by-nat$/),
    );
  });

  it("prints only what fits the filters", async () => {
    const { stdout } = await natbed(["matrix", "--list", "-t", "public", "-t", "/^relay.*random~random/"]);
    expect(stdout.split("\n").map((line) => line.split(" ")[0])).toEqual([
      "relay.random~random.drop.te-translate",
      "public.none~none",
    ]);
  });
});

describe.skipIf(noEngine)("natbed matrix", () => {
  it("prints a line per cell where there is no terminal, then the table, the time, the seed and the run directory", async () => {
    const args = [
      "matrix",
      "-t",
      "public",
      "-t",
      "connect.preserve~preserve.reset",
      "--seed",
      "77",
      "--output",
      folder.path,
    ];
    const { code, stdout, stderr } = await natbed(args);
    expect([code, stderr]).toEqual([0, ""]);
    const [id] = readdirSync(folder.path);
    expect(stdout).toContain(`run ${id}: 2 cells`);
    expect(stdout).toMatch(/^\d\/2 ok {8}public\.none~none {2}direct {2}\S+ m?s$/m);
    expect(stdout).toMatch(/^\d\/2 ok {8}connect\.preserve~preserve\.reset\.te-translate {2}blocked: reset-by-nat /m);
    expect(stdout).toMatch(
      /2 cells, 2 as expected, 0 surprises\n1 direct, 0 relayed, 1 blocked {3}time \S+ s {3}seed 77\n/,
    );
    expect(stdout).not.toContain("\x1b[");
    for (const name of ["run.json", "report.json", "report.md"])
      expect(existsSync(join(folder.path, id!, name))).toBe(true);
    const report: unknown = JSON.parse(readFileSync(join(folder.path, id!, "report.json"), "utf8"));
    const schema = readFileSync(new URL("../../docs/report.schema.json", import.meta.url), "utf8");
    const { success, error } = z.fromJSONSchema(JSON.parse(schema) as JsonSchema).safeParse(report);
    expect(success, error && z.prettifyError(error)).toBe(true);
  });

  it("stops after --max-failures surprises, with exit code 1 and the rest not run", async () => {
    const wrong = quickEntry({ block: "wrong", na: ["preserve", "random", "sequential"] });
    const file = folder.write("wrong.yaml", scenario(wrong.replace(/expect:.*/, "expect: [{ verdict: direct }]")));
    const { code, stdout } = await natbed(["matrix", file, "-x", "1", "-j", "1", "--output", folder.path]);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^1\/3 SURPRISE {2}wrong\.preserve~preserve\.drop\.te-drop {2}blocked: filtered, expected direct: NB dropped A's SYN/m,
    );
    const run = readdirSync(folder.path).find((name) => !name.endsWith(".yaml"));
    const report = JSON.parse(readFileSync(join(folder.path, run!, "report.json"), "utf8")) as RunReport;
    expect(report.counts).toMatchObject({ total: 3, surprises: 1, notRun: 2 });

    const again = await natbed(["matrix", "--last-failed", "--list", "--output", folder.path]);
    expect(again.stdout).toMatch(/^wrong\.preserve~preserve\.drop\.te-drop +direct$/);
  });
});
