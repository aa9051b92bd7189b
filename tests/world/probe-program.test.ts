import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text as readStream } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { PartialModel } from "../../orchestrator/nat/model.ts";
import { parseScenario } from "../../orchestrator/scenario/load.ts";
import { Laboratory, PEER } from "../unit/nat/laboratory.ts";
import { missingForKernelTests, type Namespace } from "../unit/nat/namespace.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: natbed probe on the real kernel (${missing})`);

const NATBED = join(import.meta.dirname, "../../bin/natbed");

/** Starts bin/natbed in a namespace. */
function start(space: Namespace, args: readonly string[], input = "") {
  const env = { ...process.env, NO_COLOR: "1", NATBED_DOCKER_HOST: "unix:///nowhere.sock" };
  const child = spawn("nsenter", [`--net=/proc/${space.pid}/ns/net`, NATBED, ...args], { stdio: "pipe", env });
  child.stdin.end(input);
  return child;
}

async function run(space: Namespace, args: readonly string[], input = "") {
  const child = start(space, args, input);
  const [stdout, stderr, [code]] = await Promise.all([
    readStream(child.stdout),
    readStream(child.stderr),
    once(child, "exit") as Promise<[number | null]>,
  ]);
  return { stdout, stderr, code };
}

describe.skipIf(missing)("natbed probe against a natbed x, both as plain programs with a NAT between", () => {
  const NAT_BETWEEN = {
    ports: { kind: "sequential", step: 2, range: { from: 30_000, to: 30_999 } },
    filtering: "address-and-port-dependent",
    unsolicitedSyn: "reset",
    timeExceeded: "drop",
  } satisfies PartialModel;

  it("prints a fingerprint that natbed nat from makes this very NAT of", { timeout: 120_000 }, async () => {
    await using lab = await Laboratory.open();
    await lab.load(NAT_BETWEEN);
    const x = start(lab.outsideSpace, ["x"]);
    await once(x.stdout, "data"); // it serves
    const probed = await run(lab.insideSpace, ["probe", "--x", PEER]);
    expect(probed).toMatchObject({ code: 0, stderr: "" });
    const gone = once(x, "exit");
    x.kill();
    expect(await gone).toEqual([0, null]);
    expect(lab.outsideSpace.sh("nft list tables")).not.toContain("natbed");

    const from = await run(lab.insideSpace, ["nat", "from", "-", "--name", "theirs"], `my report:\n${probed.stdout}`);
    expect(from.code).toBe(0);
    const entry = "{ technique: relay, na: [theirs], nb: [theirs], expect: [{ verdict: relayed }] }";
    const { cells } = parseScenario("mine.yaml", `name: mine\n${from.stdout}matrix:\n  - ${entry}\n`);
    const theirs = cells[0]?.na;
    // the range is that of the ports that were seen
    const ports = { kind: "sequential", step: 2 };
    expect(theirs).toMatchObject({ kind: "nat", model: { ...NAT_BETWEEN, ports } });
    if (theirs?.kind === "nat") await lab.load(theirs.model); // and the kernel takes it
  });
});
