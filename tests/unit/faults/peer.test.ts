import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missingForKernelTests } from "../nat/namespace.ts";
import { Meeting } from "./meeting.ts";
import { COURSES, type Course } from "./techniques.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: a host whose peer fails it (${missing})`);

/** A course up to each of its words: in every phase that there is. */
const PHASES = COURSES.flatMap((course) =>
  Array.from({ length: course.words.length + 1 }, (_, said) => ({ name: course.technique.name, said, ...course })),
);
/** Before the peer has said where it is, the preparations' own deadline of 10 s counts. */
const LATER_PHASES = PHASES.filter(({ said }) => said > 0);
/** An attempt that waits for this deadline has waited for nothing. */
const FAR_DEADLINE_MS = 30_000;
const AT_ONCE_MS = 5_000;

describe.skipIf(missing)("a host whose peer", () => {
  let meeting: Meeting;
  beforeAll(async () => {
    meeting = await Meeting.open();
  });
  afterAll(() => meeting?.[Symbol.asyncDispose]());

  /** Begins an attempt and has the peer say the first `said` of its words. */
  async function comeTo({ technique, host, words }: Course, said: number, deadlineMs: number) {
    const files = meeting.host.openFiles;
    const attempt = meeting.attempt(technique, { role: host, deadlineMs });
    const peer = meeting.peer(technique, host === "a" ? "b" : "a");
    await peer.hears("paired");
    for (const word of words.slice(0, said)) {
      peer.say(word);
      await meeting.xHasHeard();
    }
    return { attempt, peer, files, began: performance.now() };
  }

  it.each(PHASES)("leaves after $said words of $name gives up at once, and leaves nothing", async (phase) => {
    const { attempt, peer, files, began } = await comeTo(phase, phase.said, FAR_DEADLINE_MS);
    peer.leave();
    expect(await attempt).toEqual({ ok: false, failure: "peer-failed", detail: "the peer has left X" });
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    await meeting.isClean(files);
  });

  it.each(LATER_PHASES)(
    "falls silent after $said words of $name waits for its deadline, and no longer",
    async (phase) => {
      const { attempt, peer, files, began } = await comeTo(phase, phase.said, 300);
      const ended = { ok: false, failure: "deadline", detail: "nothing decisive in 300 ms" };
      expect(await attempt).toEqual(ended);
      expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
      await peer.hears("peer-failed");
      peer.leave();
      await meeting.isClean(files);
    },
  );

  it("never says where it is gives up after ten seconds, and says what it waited for", async () => {
    const [course] = COURSES;
    const { attempt, peer } = await comeTo(course!, 0, 300);
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
    const { attempt, peer, files } = await comeTo(COURSES[2]!, 1, FAR_DEADLINE_MS);
    peer.say({ t: "failed", reason: "port-busy" });
    expect(await attempt).toEqual({ ok: false, failure: "peer-failed", detail: "port-busy" });
    peer.leave();
    await meeting.isClean(files);
  });
});
