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

  it("shows a NAT of a file of definitions, and of a scenario, from standard input too", () => {
    const definition = natbed(["nat", "from", "-", "--name", "hers"], block).stdout;
    const shown = natbed(["nat", "show", "hers", "--file", "-"], definition);
    expect(shown.status, shown.stderr).toBe(0);
    expect(shown.stdout).toMatch(/^filtering +endpoint-independent$/m);
    const scenario = natbed(["nat", "show", "rewrites-sequence", "--file", "scenarios/auto.yaml"]);
    expect(scenario.stdout).toMatch(/^sequenceNumbers +rewrite$/m);
    expect(natbed(["nat", "show", "openwrt", "--file", "scenarios/auto.yaml"]).status).toBe(0);
  });

  it.each([
    [
      "an axis that is none",
      "nats:\n  hers:\n    prots: { kind: preserve }\n",
      /^ {2}\| standard input:3:5 nats\.hers\.prots: unknown key; did you mean ports\?/m,
    ],
    [
      "a value that is none",
      "nats:\n  hers: { extends: openwrt, mapping: mine }\n",
      /^ {2}\| standard input:2:38 nats\.hers\.mapping: received "mine", allowed: /m,
    ],
    [
      "a NAT that extends none",
      "nats:\n  hers: { extends: opnwrt }\n",
      /^ {2}\| standard input:2:20 nats\.hers\.extends: .*did you mean openwrt\?/m,
    ],
    [
      "axes that contradict each other",
      "nats:\n  hers: { extends: preserve, blockSize: 64 }\n",
      /^ {2}\| standard input:2:\d+ nats\.hers\.blockSize: /m,
    ],
    ["no NATs", "name: empty\n", /^ {2}\| standard input:1:1 nats: missing/m],
    [
      "a section that is none",
      "nat:\n  hers: { extends: openwrt }\n",
      /^ {2}\| standard input:1:1 nat: unknown key; did you mean nats\?/m,
    ],
    ["text that is no YAML", "nats: [\n", /^ {2}\| standard input:\d+:\d+ /m],
    ["an empty section", "nats: {}\n", /no NAT is defined in -/],
  ])("refuses a file with %s, with the place, before an engine is asked for", (_, text, place) => {
    const { status, stdout, stderr } = natbed(["nat", "check", "--file", "-"], text);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(place);
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
    [
      "a file's and all at once",
      ["nat", "check", "--all", "--file", "scenarios/auto.yaml"],
      /--all and --file: which\?/,
    ],
    [
      "a misspelt NAT of a file",
      ["nat", "check", "rewrites-sequnce", "--file", "scenarios/auto.yaml"],
      /hint: did you mean rewrites-sequence\?/,
    ],
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
