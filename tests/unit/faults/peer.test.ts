import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missingForKernelTests } from "../nat/namespace.ts";
import { Meeting } from "./meeting.ts";
import { AT_ONCE_MS, PHASES, comeTo, course } from "./techniques.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: a host whose peer fails it (${missing})`);

/** Before the peer has said where it is, the preparations' own deadline of 10 s counts. */
const LATER_PHASES = PHASES.filter(({ said }) => said > 0);
describe.skipIf(missing)("a host whose peer", () => {
  let meeting: Meeting;
  beforeAll(async () => {
    meeting = await Meeting.open();
  }, 60_000);
  afterAll(() => meeting?.[Symbol.asyncDispose]());

  it.each(PHASES)("leaves after $said words of $name gives up at once, and leaves nothing", async (phase) => {
    const { attempt, peer, files, began } = await comeTo(meeting, phase);
    peer.leave();
    expect(await attempt).toEqual({ ok: false, failure: "peer-failed", detail: "the peer has left X" });
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    await meeting.isClean(files);
  });

  it.each(LATER_PHASES)(
    "falls silent after $said words of $name waits for its deadline, and no longer",
    async (phase) => {
      const { attempt, peer, files, began } = await comeTo(meeting, { ...phase, deadlineMs: 300 });
      const ended = { ok: false, failure: "deadline", detail: "nothing decisive in 300 ms" };
      expect(await attempt).toEqual(ended);
      expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
      await peer.hears("peer-failed");
      peer.leave();
      await meeting.isClean(files);
    },
  );

  it("never says where it is gives up after ten seconds, and says what it waited for", async () => {
    const { attempt, peer } = await comeTo(meeting, { ...course("connect"), said: 0, deadlineMs: 300 });
    expect(await attempt).toEqual({
      ok: false,
      failure: "deadline",
      detail: "the peer did not say where it is in 10000 ms",
    });
    peer.leave();
  });

  it("never comes gives up after ten seconds, and says so", async () => {
    const files = meeting.host.openFiles;
    const result = await meeting.attempt({ name: "connect" });
    expect(result).toEqual({ ok: false, failure: "deadline", detail: "the peer did not come to X in 10000 ms" });
    await meeting.isClean(files);
  });

  it("cannot go on is told why, and so is the host", async () => {
    const { attempt, peer, files } = await comeTo(meeting, { ...course("simultaneous-open"), said: 1 });
    peer.say({ t: "failed", reason: "port-busy" });
    expect(await attempt).toEqual({ ok: false, failure: "peer-failed", detail: "port-busy" });
    peer.leave();
    await meeting.isClean(files);
  });
});
