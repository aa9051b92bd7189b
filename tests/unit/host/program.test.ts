import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text as readStream } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missingForKernelTests } from "../nat/namespace.ts";
import { Station } from "../x/station.ts";

const HOST = join(import.meta.dirname, "../../../agents/natbed-host.ts");
const MAIN = join(import.meta.dirname, "../../../orchestrator/cli/main.ts");
const missing = missingForKernelTests();
if (missing) console.warn(`skipped: natbed-host as a program (${missing})`);
const UNPRIVILEGED = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];

describe("natbed-host, asked wrongly,", () => {
  it.each([
    [["--session", "k"], "--x HOST[:PORT] says where X is"],
    [["--x", "127.0.0.1:0", "--session", "k"], "--x HOST[:PORT] says where X is"],
    [["--x", "127.0.0.1"], "--session KEY is the secret"],
    [["--x", "127.0.0.1", "--session", "k", "--technique", "magic"], "there is no technique magic: auto, connect,"],
    [
      ["--x", "127.0.0.1", "--session", "k", "--listen", "1", "--exec", "cat"],
      "--listen and --exec exclude each other",
    ],
    [["--x", "127.0.0.1", "--session", "k", "--listen", "0"], "--listen PORT is from 1 to 65535"],
    [["--x", "127.0.0.1", "--session", "k", "--within", "0"], "--within SECONDS is from 1 to 600"],
    [["--port", "1"], "Unknown option '--port'"],
  ])("says what is wrong with %j, and ends with 2", (args, words) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [HOST, ...args], { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(`natbed-host: ${words}`);
    expect(stderr).toContain("usage: ");
  });
});

describe.skipIf(missing)("natbed-host as a program", () => {
  let station: Station;
  beforeAll(async () => {
    station = await Station.open();
  });
  afterAll(() => station?.[Symbol.asyncDispose]());

  async function host(
    words: readonly string[],
    { input = "", wrapper = [] as readonly string[], program = [HOST] } = {},
  ) {
    const args = [...wrapper, process.execPath, ...program, "--x", "127.0.0.1", ...words];
    const child = spawn("nsenter", [`--net=${station.netPath}`, ...args], { stdio: "pipe" });
    child.stdin.end(input);
    const [stdout, stderr, [code]] = await Promise.all([
      readStream(child.stdout),
      readStream(child.stderr),
      once(child, "exit") as Promise<[number | null]>,
    ]);
    return { stdout, stderr, code };
  }

  it.each([
    ["with every privilege", [], []],
    ["without any, against one with all", UNPRIVILEGED, []],
    ["without any on either side", UNPRIVILEGED, UNPRIVILEGED],
  ])("finds a direct way %s", { timeout: 60_000 }, async (_, one, other) => {
    const words = ["--session", `privilege ${one.length} ${other.length}`];
    const [a, b] = await Promise.all([
      host(words, { input: "from one", wrapper: one }),
      host(words, { input: "from the other", wrapper: other }),
    ]);
    expect({ code: a.code, stdout: a.stdout }, a.stderr).toEqual({ code: 0, stdout: "from the other" });
    expect({ code: b.code, stdout: b.stdout }, b.stderr).toEqual({ code: 0, stdout: "from one" });
    expect(a.stderr).toMatch(/connected directly by p2pnat after \d+ ms/);
  });

  it("is natbed host too, with its code", { timeout: 60_000 }, async () => {
    const words = ["--session", "cli", "--technique", "connect"];
    const [a, b] = await Promise.all([
      host(words, { input: "hello", program: [MAIN, "host"] }),
      host([...words, "--exec", "cat >&2; exit 5"], { program: [MAIN, "host"] }),
    ]);
    expect([a.code, b.code], a.stderr + b.stderr).toEqual([0, 5]);
    expect(b.stderr).toContain("hello");
  });

  it("names what a technique needs that this process may not use, and what works without", async () => {
    const { code, stderr } = await host(["--session", "k", "--technique", "natblaster-2"], { wrapper: UNPRIVILEGED });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /natblaster-2 needs raw packets \(CAP_NET_RAW\), .*: run it as root\. Without, these work: auto, connect, /,
    );
    expect(stderr).not.toMatch(/these work: .*natblaster-2/);
  });

  it("ends with 1 and the reason where the two sides want different things", { timeout: 60_000 }, async () => {
    const [a, b] = await Promise.all([
      host(["--session", "odd", "--technique", "connect"]),
      host(["--session", "odd"]),
    ]);
    expect([a.code, b.code]).toEqual([1, 1]);
    expect(a.stderr).toMatch(/no connection: peer-failed: (the other side wants technique auto|peer-failed)/);
    expect(b.stderr).toMatch(/no connection: peer-failed: (the other side wants technique connect|peer-failed)/);
  });

  it.each([
    ["where no X answers", ["--x", "127.0.0.1:9"], /rendezvous-lost: no X serves at 127\.0\.0\.1, port 9$/m],
    [
      "where X has no address",
      ["--x", "nowhere.invalid"],
      /nowhere\.invalid has no address that can be found \(E\w+\)$/m,
    ],
    ["where the port is taken", ["--listen", "7000"], /that port is taken by another program/],
  ])("ends with 1 and the reason %s", { timeout: 60_000 }, async (_, words, reason) => {
    const { code, stderr } = await host([...words, "--session", "k"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(reason);
  });
});
