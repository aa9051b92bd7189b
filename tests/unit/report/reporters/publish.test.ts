import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readRun, writeReport } from "../../../../orchestrator/report/directory.ts";
import { REPORTERS, type ReporterName } from "../../../../orchestrator/report/reporters/catalogue.ts";
import { publish } from "../../../../orchestrator/report/reporters/publish.ts";
import { buildViewer } from "../../../../scripts/viewer.ts";
import { reportOf, TROUBLED } from "../results.ts";
import { openDesk } from "./desk.ts";

let dir: string;
beforeAll(buildViewer, 90_000);
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "natbed-reporters-"));
  await writeReport(reportOf(TROUBLED, { dir }));
});
afterEach(() => rm(dir, { recursive: true }));

describe("a reporter", () => {
  it.each(Object.keys(REPORTERS) as ReporterName[])("%s renders from the run directory alone", async (name) => {
    const run = await readRun(dir);
    const { desk, printed } = openDesk();
    const published = await publish(run, { name }, desk);
    if (!published.done) throw new Error(published.why);
    const text = published.file === undefined ? printed() : await readFile(published.file, "latin1");
    expect(text.length).toBeGreaterThan(300);
    if (published.file !== undefined) expect(await readdir(dir)).toContain(published.file.slice(dir.length + 1));
  });

  it.each(Object.keys(REPORTERS) as ReporterName[])("%s writes into the file that it is told to", async (name) => {
    const { desk, printed } = openDesk();
    const to = join(dir, "mine");
    expect(await publish(await readRun(dir), { name, to }, desk)).toEqual({ done: true, file: to });
    expect((await readFile(to)).length).toBeGreaterThan(300);
    expect(printed()).toMatch(name === "github" ? /^(::(error|warning) .*\n){3}$/ : /^$/);
  });

  it("that crashes at any time is told of, and the run that the next one gets is whole", async () => {
    const run = await readRun(dir);
    const before = structuredClone(run);
    const { desk, printed } = openDesk();
    const crashes = [
      () => Promise.reject(new Error("no module")),
      () =>
        Promise.resolve(() => {
          throw new TypeError("at once");
        }),
      async () => async (given: typeof run) => {
        given.report.cells.length = 0;
        given.report.exitCode = 0;
        await Promise.resolve();
        throw new Error("later");
      },
    ];
    const published = [];
    for (const load of crashes) published.push(await publish(run, { name: "json" }, desk, load));
    expect(published.map((one) => !one.done && one.why)).toEqual(["no module", "at once", "later"]);
    expect(run).toEqual(before);
    expect(await publish(run, { name: "json" }, desk)).toEqual({ done: true });
    expect(JSON.parse(printed())).toEqual(before.report);
  });
});
