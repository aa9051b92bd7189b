import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../kit/until.ts";
import { INSIDE, PEER, STRANGER } from "../nat/laboratory.ts";
import { missingForKernelTests } from "../nat/namespace.ts";
import { HostAgent } from "./host-agent.ts";
import { FIRST_LOCAL_PORT, Meeting, PEER_PORT } from "./meeting.ts";
import { AT_ONCE_MS, COURSES, FLOODING, comeTo, course } from "./techniques.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: a host that lacks something (${missing})`);

const PLAIN = COURSES[0]!.technique;

/** A program that holds local ports: first, first + step, first + 2 step, as many as there are. */
const holder = (first: number, step: number, count: number): string => `
  const { createServer } = require("node:net");
  let listening = 0;
  for (let at = 0; at < ${count}; at += 1)
    createServer().listen(${first} + at * ${step}, "0.0.0.0", () => ++listening === ${count} && console.log("held"));
  process.stdin.on("end", () => process.exit()).resume();`;

const ABANDON = new URL("abandoned-handshake.ts", import.meta.url).pathname;

describe.skipIf(missing)("a host", () => {
  let meeting: Meeting;
  beforeAll(async () => {
    meeting = await Meeting.open();
  }, 60_000);
  afterAll(() => meeting?.[Symbol.asyncDispose]());

  async function holding(first: number, step: number, count: number): Promise<AsyncDisposable> {
    const child = meeting.lab.insideSpace.node(holder(first, step, count));
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    return {
      [Symbol.asyncDispose]: () =>
        new Promise((resolve) => {
          child.once("exit", () => resolve());
          child.stdin?.end();
        }),
    };
  }

  it("one of whose local ports another program has takes the next window, and goes on", async () => {
    const localPort = FIRST_LOCAL_PORT;
    await using _ = await holding(localPort + 16, 64, 2); // the punch's port, and that of the next window
    const { attempt, peer } = await comeTo(meeting, { ...course("simultaneous-open"), said: 1 }, { localPort });
    expect(await meeting.host.does("ports-taken")).toEqual({ instead: localPort + 128 });
    expect(await meeting.host.does("connect")).toMatchObject({ localPort: localPort + 128 + 16 });
    peer.say({ t: "failed", reason: "enough" });
    await attempt;
    peer.leave();
  });

  it("leaves out a window where a handshake outlived its listener: the same peer could not be connected to from there", async () => {
    const localPort = FIRST_LOCAL_PORT;
    const { insideSpace } = meeting.lab;
    const ends = [INSIDE, localPort + 16, STRANGER, PEER_PORT].map(String);
    insideSpace.sh("ip link set lo up");
    await once(insideSpace.script(ABANDON, ends), "exit");
    expect(insideSpace.sh("ss -Htan state syn-recv")).toContain(`${INSIDE}:${localPort + 16}`);
    const { attempt, peer } = await comeTo(meeting, { ...course("simultaneous-open"), said: 1 }, { localPort });
    expect(await meeting.host.does("ports-taken")).toEqual({ instead: localPort + 64 });
    peer.say({ t: "failed", reason: "enough" });
    await attempt;
    peer.leave();
  });

  it("chooses a port of the window that it took, in case 6 too", async () => {
    const localPort = FIRST_LOCAL_PORT;
    await using _ = await holding(localPort + 16, 64, 1);
    const technique = { name: "natblaster-6", syn: "normal", search: "anchor", anchors: 1, packets: 64 } as const;
    const attempt = meeting.attempt(technique, { localPort });
    const peer = meeting.peer(technique);
    expect(await meeting.host.does("connect")).toMatchObject({ localPort: localPort + 64 + 16 });
    peer.say({ t: "failed", reason: "enough" });
    await attempt;
    peer.leave();
  });

  it("takes another window than an attempt that has the drawn one, be it before its first connection", async () => {
    const localPort = FIRST_LOCAL_PORT;
    await using other = await HostAgent.start(meeting.lab.insideSpace);
    const asked = { ...meeting.parameters(PLAIN), localPort };
    void other.call("attempt", { ...asked, session: "theirs" }); // waits for a peer at X as long as it lives
    await other.does("told", { t: "welcome" });
    const { attempt, peer } = await comeTo(meeting, { ...course("connect"), said: 0 }, { localPort });
    expect(await meeting.host.does("ports-taken")).toEqual({ instead: localPort + 64 });
    peer.leave();
    await attempt;
  });

  it("without a free window of local ports says so at once", async () => {
    await using _ = await holding(FIRST_LOCAL_PORT + 5, 64, 150);
    const detail = "other programs hold local TCP ports in each of the 150 groups between 50000 and 59599";
    expect(await meeting.attempt(PLAIN)).toEqual({ ok: false, failure: "port-busy", detail });
  });

  it.each([
    ["natblaster-2", 0],
    ["simultaneous-open", 0],
  ] as const)("that may open no more files in %s says so, tells its peer, and leaves nothing", async (name, said) => {
    const { pid, openFiles: files } = meeting.host;
    const limit = (soft: string): void => {
      const { status, stderr } = spawnSync("prlimit", ["--pid", String(pid), `--nofile=${soft}:`], {
        encoding: "utf8",
      });
      expect([status, stderr]).toEqual([0, ""]);
    };
    limit(String(files + 4)); // for its window of ports, X, and one of the tests
    const { attempt, peer, began } = await comeTo(meeting, { ...course(name), said });
    expect(await attempt).toMatchObject({ ok: false, failure: "fd-limit", detail: expect.stringContaining("EMFILE") });
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    await peer.hears("peer-failed");
    expect(peer.heard.at(-1)).toEqual({ t: "peer-failed", reason: "fd-limit" });
    peer.leave();
    await meeting.isClean(files);
    limit("1024");
  });

  it("with a deadline of 1 ms ends, tells its peer, and leaves nothing", async () => {
    const { attempt, peer, files } = await comeTo(meeting, { ...course("natblaster-2"), said: 1, deadlineMs: 1 });
    expect(await attempt).toEqual({ ok: false, failure: "deadline", detail: "nothing decisive in 1 ms" });
    await peer.hears("peer-failed");
    peer.leave();
    await meeting.isClean(files);
  });

  it("without CAP_NET_ADMIN plays what needs none; what does names it, and its peer is told", async () => {
    await meeting.hostAs("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin");
    const { attempt, peer, files } = await comeTo(meeting, FLOODING);
    const detail = expect.stringMatching(/^CAP_NET_ADMIN is missing \(nft: .*Operation not permitted/);
    expect(await attempt).toEqual({ ok: false, failure: "missing-capability", detail });
    await peer.hears("peer-failed");
    expect(peer.heard.at(-1)).toEqual({ t: "peer-failed", reason: "missing-capability" });
    peer.leave();
    await meeting.isClean(files + 1); // libnftables keeps its own socket open
    const forged = await comeTo(meeting, { ...course("natblaster-2"), said: 2 });
    expect(await meeting.host.does("connected")).toBeDefined();
    forged.peer.leave();
    await forged.attempt;
    await meeting.isClean(files + 1);
    await meeting.hostAs();
  });

  it("that is killed leaves no rule, and its peer is told at once", async () => {
    const { attempt, peer } = await comeTo(meeting, FLOODING);
    attempt.catch(() => {}); // nobody answers any more
    await meeting.host.does("flooded");
    expect(meeting.left()).toContain("natbed_mute_");
    await meeting.host.kill();
    await peer.hears("peer-left");
    peer.leave();
    const tables = (): string => meeting.lab.insideSpace.sh("nft list tables");
    await until("its rules are gone", () => tables() === "" || undefined, { withinMs: 5_000, seen: tables });
    await meeting.hostAs();
  });

  it("that has IPv6 only is told so at once", async () => {
    const { insideSpace } = meeting.lab;
    const addresses = insideSpace.sh("ip -4 -o addr show dev lan | awk '{ print $4 }'").trim().split("\n");
    insideSpace.sh(
      "ip -4 addr flush dev lan; ip -6 addr add 2001:db8::2/64 dev lan nodad; ip -6 route add default via 2001:db8::1",
    );
    const detail = `this host has no IPv4 route to X, ${PEER}; natbed is about NATs between IPv4 networks`;
    expect(await meeting.attempt(PLAIN)).toEqual({ ok: false, failure: "rendezvous-lost", detail });
    insideSpace.sh(
      `${addresses.map((address) => `ip addr add ${address} dev lan;`).join("")} ip route add default via 10.1.0.1`,
    );
  });

  it("whose link goes down ends at its deadline, and leaves nothing", async () => {
    const { attempt, peer, files } = await comeTo(meeting, {
      ...course("simultaneous-open"),
      said: 1,
      deadlineMs: 500,
    });
    meeting.lab.insideSpace.sh("ip link set lan down");
    expect(await attempt).toMatchObject({ ok: false, failure: expect.stringMatching(/^(deadline|icmp-leak)$/) });
    await meeting.isClean(files);
    meeting.lab.insideSpace.sh("ip link set lan up; ip route add default via 10.1.0.1");
    peer.leave();
  });
});
