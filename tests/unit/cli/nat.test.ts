import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { encodeFingerprint } from "../../../orchestrator/nat/fingerprint.ts";
import { completeModel } from "../../../orchestrator/nat/model.ts";
import { parseScenario } from "../../../orchestrator/scenario/load.ts";
import { draws } from "../nat/arbitrary.ts";
import { observe } from "../nat/simulated.ts";

const MAIN = new URL("../../../orchestrator/cli/main.ts", import.meta.url).pathname;

function natbed(args: readonly string[], input = "") {
  const env = { ...process.env, NO_COLOR: "1", NATBED_DOCKER_HOST: "unix:///nowhere.sock" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", env, input });
  return { status, stdout, stderr };
}

const block = encodeFingerprint(observe(completeModel(NATS["full-cone"].axes), draws(1)));

describe("natbed nat", () => {
  it("lists every NAT of the catalogue without an engine", () => {
    const { status, stdout } = natbed(["nat", "list"]);
    expect(status).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(" ")[0]),
    ).toEqual(Object.keys(NATS));
  });

  it("shows a NAT's axes and all of its rules", () => {
    const { stdout } = natbed(["nat", "show", "symmetric-sequential"]);
    expect(stdout).toMatch(/^ports +sequential \+1 in 40000-40511$/m);
    expect(stdout).toMatch(/^# iptables-restore\n\*raw\n/m);
    expect(stdout).toMatch(/^# nft -f\ntable ip natbed\n/m);
    expect(stdout).toMatch(/^net\.netfilter\.\w+ = \d+$/m);
  });

  it("makes a NAT that a scenario loads from a fingerprint in a quoted letter", () => {
    const letter = `On Sunday she wrote:\n${block.replaceAll(/^/gm, "> ")}\n`;
    const { status, stdout } = natbed(["nat", "from", "-", "--name", "hers"], letter);
    expect(status).toBe(0);
    const entry = "{ technique: connect, na: [hers], nb: [hers], expect: [{ verdict: blocked, cause: filtered }] }";
    const { cells } = parseScenario("mine.yaml", `name: mine\n${stdout}matrix:\n  - ${entry}\n`);
    expect(cells[0]?.na).toMatchObject({
      model: { mapping: "endpoint-independent", filtering: "endpoint-independent" },
    });
  });

  it.each([
    [
      "a misspelt NAT",
      ["nat", "show", "opnwrt"],
      /there is no NAT opnwrt \[unknown-nat\]\n {2}hint: did you mean openwrt\?/,
    ],
    ["a misspelt NAT to check", ["nat", "check", "hostil"], /hint: did you mean hostile\?/],
    ["nothing to check", ["nat", "check"], /no NAT to check \[no-nat\]\n {2}hint: name some, or say --all/],
    ["no fingerprint", ["nat", "from", "-"], /no fingerprint in standard input: no line says -----BEGIN/],
    ["a file that is not there", ["nat", "from", "nowhere.txt"], /cannot read nowhere\.txt/],
    ["a name that is taken", ["nat", "from", "-", "--name", "random"], /random cannot be a scenario's own NAT/],
    ["a probe of nobody", ["probe"], /required option '--x <host\[:port\]>'/],
    ["an unknown mode", ["probe", "--x", "127.0.0.1", "--mode", "slow"], /Allowed choices are quick, fast, full/],
    ["some and all at once", ["nat", "check", "openwrt", "--all"], /openwrt and --all: which\?/],
    ["an X that is no address", ["probe", "--x", "a:b:c"], /'a:b:c' is invalid\. Expected HOST or HOST:PORT/],
    ["a port that is none", ["probe", "--x", "203.0.113.2:70000"], /is invalid\. Expected HOST or HOST:PORT/],
  ])("ends with 2 and says why for %s", (_, args, message) => {
    const { status, stdout, stderr } = natbed(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });

  it("ends with 3 where no engine answers, and where no X does", () => {
    expect(natbed(["nat", "check", "openwrt"])).toMatchObject({ status: 3, stdout: "" });
    const { status, stderr } = natbed(["probe", "--x", "127.0.0.1:9", "--mode", "quick"]);
    expect(status).toBe(3);
    expect(stderr).toMatch(/hint: is a natbed-x at 127\.0\.0\.1:9/);
  });

  it.each([["nat"], ["nat check"], ["nat from"], ["probe"]])("explains %s with examples", (command) => {
    const { status, stdout } = natbed([...command.split(" "), "--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain(`Examples:\n  natbed ${command}`);
  });
});
