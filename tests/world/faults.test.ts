import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { connectEngine } from "../../orchestrator/engine/index.ts";
import type { RunReport } from "../../orchestrator/report/events.ts";
import { natbed, openFolder, reportOf, startNatbed, type Folder } from "../kit/command.ts";
import { quickEntry, scenario, slowEntry, untilPlanned } from "../kit/slow.ts";

const noEngine = inject("noEngine");

let folder: Folder;
beforeEach(() => {
  folder = openFolder();
});
afterEach(() => folder[Symbol.dispose]());

describe.skipIf(noEngine)("an agent that ends in the middle of a cell", () => {
  it("makes an error of that cell, with what happened; the others come out as ever and the exit code is 3", async () => {
    const file = folder.write(
      "crash.yaml",
      scenario(
        slowEntry({ block: "killed", na: ["preserve"] }),
        slowEntry({ block: "confused", na: ["preserve"] }),
        quickEntry({ block: "unharmed", na: ["preserve", "random"] }),
      ),
    );
    const { runId, ended } = startNatbed(["matrix", file, "-j", "1", "--json", "--output", folder.path]);
    const id = await runId;
    await untilPlanned(join(folder.path, id), "killed.preserve~preserve.drop.te-drop");
    await (await containerOf(`natbed-${id}-w1-1-a`)).kill();
    await untilPlanned(join(folder.path, id), "confused.preserve~preserve.drop.te-drop");
    await using _ = await sendLine(`natbed-${id}-w1-2-b`, "no JSON at all");

    const done = await ended;
    const { cells, counts, ended: how } = reportOf(done);
    expect(done.code).toBe(3);
    expect(how).toBe("complete");
    expect(counts).toMatchObject({ total: 4, errors: 2, asExpected: 2, surprises: 0, notRun: 0 });
    expect(errorOf(cells, "killed")).toMatchObject({ code: "agent-lost", message: "agent a ended unexpectedly" });
    expect(errorOf(cells, "confused")).toMatchObject({
      code: "agent-lost",
      message: "agent b ended unexpectedly",
      detail: expect.stringContaining("SyntaxError"),
    });
  });

  const errorOf = (cells: RunReport["cells"], block: string) => {
    const result = cells.find(({ cell }) => cell.block === block);
    expect(result).toMatchObject({ state: "error", verdict: "error", surprise: false, trials: [] });
    return result?.error;
  };
  const containerOf = async (name: string) => (await connectEngine()).docker.getContainer(name);

  /** Says something to an agent behind the orchestrator's back; the end of the stream would be the end of the agent. */
  async function sendLine(name: string, line: string): Promise<AsyncDisposable> {
    const container = await containerOf(name);
    const stream = await container.attach({ stream: true, stdin: true, hijack: true });
    stream.on("error", () => {}); // it breaks when the agent does
    stream.write(`${line}\n`);
    return { [Symbol.asyncDispose]: async () => void stream.end() };
  }
});

describe.skipIf(noEngine)("a NAT without a free port", () => {
  it("blocks the cell with cause port-exhausted at that NAT", async () => {
    const file = folder.write(
      "exhausted.yaml",
      `name: exhausted
nats:
  tiny: { ports: { kind: sequential, step: 1, range: { from: 40000, to: 40003 } } }
matrix:
  - technique: natblaster-2
    na: [tiny]
    nb: [preserve]
    timeExceeded: [drop]
    expect: [{ verdict: blocked, cause: port-exhausted }]
`,
    );
    const done = await natbed(["matrix", file, "--json", "--output", folder.path]);
    const [result] = reportOf(done).cells;
    expect(result?.why).toMatch(/^A's SYN from 10\.1\.0\.2:\d+ to \S+ entered NA and never left it/);
    expect(result?.trials[0]?.outcome).toMatchObject({ verdict: "blocked", cause: "port-exhausted", at: "na" });
    expect(done.code).toBe(0);
  });
});

describe("bad input", () => {
  it.each([
    ["a key that is no key", "name: t\nmatrix:\n  - tecnique: connect\n", /bad\.yaml:3:5\b/],
    ["text that is no YAML", "name: [t\nmatrix: 1\n", /bad\.yaml:\d+:\d+/],
    [
      "a NAT that nobody knows",
      scenario(quickEntry({ block: "x", na: ["presrve"] })),
      /bad\.yaml:5:10\b.*\n?.*preserve/,
    ],
    ["a combination that cannot be", scenario(quickEntry({ block: "x", na: ["none"] })), /bad\.yaml:5:10\b.*public/],
  ])("%s is an error of the user's with its place, and exit code 2", async (_, text, place) => {
    const file = folder.write("bad.yaml", text);
    const { code, stdout, stderr } = await natbed(["matrix", file, "--output", folder.path]);
    expect(stderr).toMatch(place);
    expect([code, stdout]).toEqual([2, ""]);
  });

  it("a scenario file that does not exist is an error of the user's", async () => {
    const { code, stderr } = await natbed(["matrix", join(folder.path, "none.yaml")]);
    expect(stderr).toContain("none.yaml");
    expect(code).toBe(2);
  });

  it("an engine that does not answer is exit code 3, with what was tried and what to do", async () => {
    const env = { NATBED_DOCKER_HOST: "unix:///nowhere/docker.sock" };
    const { code, stdout, stderr } = await natbed(["matrix", "-t", "public", "--output", folder.path], env);
    expect(stderr).toContain("unix:///nowhere/docker.sock: no such socket");
    expect(stderr).toContain("hint: NATBED_DOCKER_HOST is set");
    expect([code, stdout]).toEqual([3, ""]);
  });
});
