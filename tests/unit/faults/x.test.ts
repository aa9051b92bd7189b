import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { UNPRIVILEGED } from "../x/station.ts";
import { NAT, PEER } from "../nat/laboratory.ts";
import { missingForKernelTests } from "../nat/namespace.ts";
import { Meeting } from "./meeting.ts";
import { AT_ONCE_MS, COURSES, PHASES, comeTo, course } from "./techniques.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: a host whose X fails it (${missing})`);

describe.skipIf(missing)("a host whose X", () => {
  let meeting: Meeting;
  beforeAll(async () => {
    meeting = await Meeting.open();
  }, 60_000);
  afterAll(() => meeting?.[Symbol.asyncDispose]());

  beforeEach(async () => {
    if (!meeting.x.runs) await meeting.xAs(); // one test's X is no other's
  }, 60_000);

  it.each(PHASES)("restarts after $said words of $name gives up at once, and leaves nothing", async (phase) => {
    const { attempt, files, began } = await comeTo(meeting, phase);
    await meeting.x.kill();
    const failure = expect.stringMatching(
      phase.name === "relay" ? /^(rendezvous-lost|reset-after-open)$/ : /^rendezvous-lost$/,
    );
    expect(await attempt).toMatchObject({ ok: false, failure });
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    await meeting.isClean(files);
  });

  it("can be reached no more ends at its deadline, and leaves nothing", async () => {
    const { attempt, peer, files } = await comeTo(meeting, { ...course("natblaster-2"), said: 1, deadlineMs: 500 });
    const cut = `-p tcp -s ${PEER} -d ${NAT} -j DROP`;
    meeting.lab.box.sh(`iptables-nft -t raw -I PREROUTING ${cut}`);
    expect(await attempt).toMatchObject({ ok: false, failure: "deadline" });
    await meeting.isClean(files);
    meeting.lab.box.sh(`iptables-nft -t raw -D PREROUTING ${cut}`);
    peer.leave();
  });

  it("never answers gives up after ten seconds, and says so", async () => {
    meeting.lab.outsideSpace.sh(`iptables-nft -I INPUT -p tcp --dport 7000 -j DROP`);
    const result = await meeting.attempt({ name: "connect" });
    meeting.lab.outsideSpace.sh(`iptables-nft -D INPUT 1`);
    expect(result).toEqual({ ok: false, failure: "deadline", detail: "no answer from X in 10000 ms" });
  });

  it("does not run is told so at once", async () => {
    await meeting.x.kill();
    const detail = `no X serves at ${PEER}, port 7000`;
    expect(await meeting.attempt({ name: "connect" })).toEqual({ ok: false, failure: "rendezvous-lost", detail });
  });

  it("may not forge is told so with what X lacks, and so is its peer", async () => {
    await meeting.xAs(...UNPRIVILEGED);
    const { attempt, peer, files, began } = await comeTo(meeting, { ...course("natblaster-2"), said: 2 });
    const detail = "CAP_NET_RAW is missing (socket: EPERM)";
    expect(await attempt).toEqual({ ok: false, failure: "x-failed", detail });
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    await peer.hears("x-failed");
    peer.leave();
    await meeting.isClean(files);
    await meeting.xAs();
  });

  it("has its place taken is told so at once, and the one that has it goes on", async () => {
    const technique = COURSES[0]!.technique;
    const rival = meeting.peer(technique, "a", { session: meeting.nextSession });
    await rival.hears("welcome");
    const result = await meeting.attempt(technique);
    expect(result).toEqual({ ok: false, failure: "rendezvous-lost", detail: "X refused: role a is taken" });
    expect(rival.closed).toBe(false);
    rival.leave();
  });

  it("serves another session with the same key is not disturbed by it", async () => {
    const { attempt, peer } = await comeTo(meeting, { ...course("natblaster-2"), said: 1 });
    const others = (["a", "b"] as const).map((role) =>
      meeting.peer(course("natblaster-2").technique, role, { session: "another" }),
    );
    await Promise.all(others.map((other) => other.hears("paired")));
    for (const other of others) other.say({ t: "failed", reason: "theirs" });
    await meeting.xHasHeard();
    for (const other of others) other.leave();
    await meeting.xHasHeard();
    peer.say({ t: "failed", reason: "ours" });
    expect(await attempt).toEqual({ ok: false, failure: "peer-failed", detail: "ours" });
    peer.leave();
  });
});
