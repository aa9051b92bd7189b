import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { connectEngine } from "../../orchestrator/engine/index.ts";
import { runCell } from "../../orchestrator/run/cell.ts";
import type { Station } from "../../orchestrator/run/station.ts";
import { cellOf } from "../kit/cells.ts";
import { openFolder, type Folder } from "../kit/command.ts";
import { openStation, RUN_ID } from "../kit/world.ts";

const noEngine = inject("noEngine");

describe.skipIf(noEngine)("a cell whose NAT is not what it claims", () => {
  let station: Station;
  let folder: Folder;
  const honest = cellOf("{ technique: public, na: [none], nb: [none], expect: [{ verdict: direct }] }");
  const cell = cellOf(
    "{ technique: connect, na: [preserve], nb: [preserve], unsolicitedSyn: [reset], trials: 2, expect: [{ verdict: blocked, cause: filtered }] }",
  );

  beforeAll(async () => {
    folder = openFolder();
    station = await openStation("misdeclared");
    await station.prepare(honest);
    // NB's own program for loading rules now adds one of its own: a box that does not do what it is told
    await replaceLoader(`natbed-${RUN_ID}-misdeclared-1-nb`, "-A INPUT -i out -p tcp -j DROP");
  });
  afterAll(async () => {
    await station?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  it("is invalid, neither a result nor a surprise, and nothing was attempted", async () => {
    const { kernel } = await connectEngine();
    const result = await runCell(station, cell, { runDir: folder.path, seed: 1, kernel });
    expect(result).toMatchObject({ state: "done", verdict: "invalid", surprise: false });
    expect(result.why).toMatch(
      /^the NAT is not what the cell claims: NB: unsolicitedSyn: declared reset, measured silence \(silence for 1 s\); /,
    );
    for (const { dir, outcome } of result.trials) {
      expect(outcome).toMatchObject({ verdict: "invalid", fault: { code: "calibration-mismatch" } });
      await expect(readFile(join(folder.path, dir, "evidence.json"))).rejects.toMatchObject({ code: "ENOENT" });
      expect(await readFile(join(folder.path, dir, "nb.rules"), "utf8")).toContain("-A INPUT -i out -p tcp -j DROP");
    }
  });
});

/** Puts a program in the place of a container's iptables-restore that adds a rule to the filter table. */
async function replaceLoader(container: string, rule: string): Promise<void> {
  const { docker } = await connectEngine();
  const script = `#!/bin/sh
sed '/^\\*filter/,/^COMMIT/ s/^COMMIT/${rule}\\nCOMMIT/' | exec /usr/sbin/iptables-restore "$@"
`;
  const exec = await docker.getContainer(container).exec({
    Cmd: [
      "sh",
      "-ec",
      'printf %s "$1" > /usr/local/sbin/iptables-restore; chmod 755 /usr/local/sbin/iptables-restore',
      "sh",
      script,
    ],
    AttachStdout: true,
  });
  const stream = await exec.start({});
  stream.resume();
  await new Promise((resolve) => stream.on("end", resolve));
  expect((await exec.inspect()).ExitCode).toBe(0);
}
