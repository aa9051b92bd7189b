import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RENDEZVOUS_VERSION } from "../../../wire/rendezvous.ts";
import { deriveSession } from "../../../wire/session.ts";
import { OFFER_VERSION } from "../../../wire/traits.ts";
import { missingForKernelTests } from "../nat/namespace.ts";
import { Station } from "../x/station.ts";
import { HostProgram } from "./host-program.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: natbed-host whose step is broken off (${missing})`);

describe.skipIf(missing)("natbed-host, while a step of its plan runs,", () => {
  let station: Station;
  let sessions = 0;
  beforeAll(async () => {
    station = await Station.open();
  });
  afterAll(() => station?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    if (station.x.signalCode === null) return;
    await station[Symbol.asyncDispose]();
    station = await Station.open();
  });

  /** A host in its first step, and its peer, who has said what it has and says nothing in the step. */
  async function comeToStep(within = 30) {
    const key = `faults ${++sessions}`;
    const host = new HostProgram(station, ["--session", key, "--within", String(within)]);
    await host.says("waits for the other side");
    const peer = station.visit("127.0.0.41");
    const { session, key: seatKey } = deriveSession(key);
    peer.say({ t: "hello", v: RENDEZVOUS_VERSION, session, key: seatKey, role: "any", technique: "auto" });
    await peer.hears("paired");
    peer.say({ t: "offer", offer: { v: OFFER_VERSION, capabilities: [] } });
    await peer.hears("peer-begin");
    return { host, peer };
  }

  it("ends with 1 where the other side leaves, and says what it had tried", async () => {
    const { host, peer } = await comeToStep();
    peer.leave();
    expect(await host.ended()).toEqual({ code: 1, last: "no connection: peer-failed: it left" });
    expect(host.stderr).toMatch(/^natbed-host: p2pnat as a: peer-failed: it left \(\d+ ms\)$/m);
  });

  it("ends with 1 at the deadline where the other side is silent", async () => {
    const { host, peer } = await comeToStep(5);
    expect(await host.ended()).toEqual({ code: 1, last: "no connection: deadline: no connection within 5000 ms" });
    expect(host.stderr).toMatch(/^natbed-host: p2pnat as a: deadline: /m);
    peer.leave();
  });

  it("says that X is out of reach, tries to come back, and ends with 1 where X is gone", async () => {
    const { host } = await comeToStep();
    station.x.kill("SIGKILL");
    expect(await host.ended()).toEqual({
      code: 1,
      last: "no connection: rendezvous-lost: no X serves at 127.0.0.1, port 7000",
    });
    expect(host.stderr).toMatch(/^natbed-host: X is out of reach \(.+\); tries to come back$/m);
    expect(host.stderr).toMatch(/^natbed-host: p2pnat as a: rendezvous-lost: /m);
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("ends with its code on %s, and tells the other side by leaving", async (signal, code) => {
    const { host, peer } = await comeToStep();
    host.process.kill(signal);
    expect((await host.ended()).code).toBe(code);
    await peer.hears("peer-left");
    peer.leave();
  });
});

describe.skipIf(missing)("the X of natbed-host, by name,", () => {
  let station: Station;
  let folder: string;
  beforeAll(async () => {
    station = await Station.open();
    folder = mkdtempSync(join(tmpdir(), "natbed-hosts-"));
    writeFileSync(join(folder, "hosts"), "127.0.0.1 both.test four.test\n::1 both.test six.test\n");
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await station?.[Symbol.asyncDispose]();
  });

  /** With names of its own: hosts(5) is another file for it. */
  const named = (name: string): HostProgram => {
    const mount = ["unshare", "--mount", "sh", "-c", `mount --bind ${folder}/hosts /etc/hosts; exec "$@"`, "sh"];
    return new HostProgram(station, ["--x", name, "--session", name], mount);
  };

  it.each(["four.test", "both.test"])("%s is found at its IPv4 address", async (name) => {
    const host = named(name);
    await host.says("at X as a, from 127.0.0.1");
    host.process.kill();
    await host.ended();
  });

  it("with IPv6 addresses only is of no use, which is said with exit code 1", async () => {
    expect(await named("six.test").ended()).toEqual({
      code: 1,
      last: "six.test has IPv6 addresses only; natbed is about NATs between IPv4 networks",
    });
  });

  it("with an address to which there is no IPv4 route is said to have none, with exit code 1", async () => {
    expect(await named("203.0.113.9").ended()).toEqual({
      code: 1,
      last: "no connection: rendezvous-lost: this host has no IPv4 route to X, 203.0.113.9; natbed is about NATs between IPv4 networks",
    });
  });
});
