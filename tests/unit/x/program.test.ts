import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PROBE_VERSION } from "../../../wire/probe.ts";
import { X_PORTS } from "../../../wire/rendezvous.ts";
import { missingForKernelTests } from "../nat/namespace.ts";
import { Station, UNPRIVILEGED } from "./station.ts";

const X = join(import.meta.dirname, "../../../agents/natbed-x.ts");
const missing = missingForKernelTests();
if (missing) console.warn(`skipped: natbed-x as a program (${missing})`);
const MAIN = join(import.meta.dirname, "../../../orchestrator/cli/main.ts");

describe("natbed-x, asked", () => {
  it("for help, tells its ports and what it needs", () => {
    const { status, stdout } = spawnSync(process.execPath, [X, "--help"], { encoding: "utf8" });
    expect(status).toBe(0);
    for (const words of ["7000", "7001, 7002", "7004", "7005", "7100-7611", "CAP_NET_RAW", "CAP_NET_ADMIN"])
      expect(stdout).toContain(words);
  });

  it("for what it does not know, says so and ends with 2", () => {
    const { status, stderr } = spawnSync(process.execPath, [X, "--prot", "1"], { encoding: "utf8" });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^natbed-x: Unknown option '--prot'[^]*usage: /);
  });
});

describe.skipIf(missing)("natbed-x as a program", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("takes its rule back when %s ends it, and ends with 0", async (signal) => {
    await using station = await Station.open();
    const prober = station.visit("127.0.0.9", X_PORTS.prober);
    prober.say({ t: "hello", v: PROBE_VERSION });
    await prober.hears("welcome");
    expect(station.sh("nft list tables ip")).toContain("natbed_silent");
    const ended = once(station.x, "exit");
    station.x.kill(signal);
    expect(await ended).toEqual([0, null]);
    expect(station.sh("nft list tables ip")).not.toContain("natbed_silent");
    await prober.isClosed();
  });

  it("is natbed x too, which passes the signal on", async () => {
    await using station = await Station.open();
    const busy = spawnSync("nsenter", [`--net=${station.netPath}`, process.execPath, MAIN, "x"], { encoding: "utf8" });
    expect(busy.status).toBe(3);
    expect(busy.stderr).toContain("natbed-x: TCP port 7000 is taken by another program");
    const ended = once(station.x, "exit");
    station.x.kill();
    await ended;
    const second = spawn("nsenter", [`--net=${station.netPath}`, process.execPath, MAIN, "x"], { stdio: "pipe" });
    await once(second.stdout, "data");
    const gone = once(second, "exit");
    second.kill();
    expect(await gone).toEqual([0, null]);
    await isFree(station);
  });

  async function isFree(station: Station): Promise<void> {
    const visit = station.visit("127.0.0.9");
    await visit.isClosed();
    expect(visit.connected).toBe(false);
  }

  it("without capabilities says what it cannot do, tells probers, and does the rest", async () => {
    await using station = await Station.open(...UNPRIVILEGED);
    expect(station.complaints).toMatch(/CAP_NET_RAW is missing \(socket: EPERM\): nothing is forged/);
    expect(station.complaints).toMatch(/CAP_NET_ADMIN is missing \(nft: .*\): probers are refused/);
    const prober = station.visit("127.0.0.9", X_PORTS.prober);
    await prober.isClosed();
    expect(prober.heard).toEqual([
      { t: "refused", reason: "X cannot serve probers: CAP_NET_RAW is missing (socket: EPERM)" },
    ]);
    const echo = station.visit("127.0.0.9", X_PORTS.probes[0]);
    await echo.isAnswered();
    expect(echo.text).toMatch(/^127\.0\.0\.9:\d+\n$/);
  });
});
