import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FAILURES } from "../../../wire/attempt.ts";
import { mostWords } from "../../../wire/technique.ts";
import { u16s, u32s } from "../../wire/arbitrary.ts";
import { STRANGER } from "../nat/laboratory.ts";
import { missingForKernelTests } from "../nat/namespace.ts";
import { Meeting } from "./meeting.ts";
import { AT_ONCE_MS, COURSES, comeTo, course } from "./techniques.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: a host whose peer lies (${missing})`);

const DEADLINE_MS = 100;
const said = <T extends string>(t: T) => fc.constant(t);
const ports = fc.integer({ min: 1, max: 65_535 });
const own = fc.record({ ip: fc.constant(STRANGER), port: ports });
const syns = fc.record(
  { isn: u32s, window: u16s, sackPermitted: fc.boolean() },
  { requiredKeys: ["isn", "window", "sackPermitted"] },
);
/** Words that X lets pass, at any time and in any order. */
const words = fc.oneof(
  fc.record({ t: said("ready"), endpoint: own }),
  fc.record({ t: said("syn"), syn: syns }),
  fc.record({ t: said("waiting") }),
  fc.record({ t: said("flood"), isn: u32s, count: fc.nat(500) }),
  fc.record({ t: said("hit"), endpoint: own }),
  fc.record({ t: said("established") }),
);

describe.skipIf(missing)("a host whose peer lies", () => {
  let meeting: Meeting;
  beforeAll(async () => {
    meeting = await Meeting.open();
  }, 60_000);
  afterAll(() => meeting?.[Symbol.asyncDispose]());

  it("about its address is rid of it, because X is", async () => {
    const { attempt, peer, began } = await comeTo(meeting, { ...course("natblaster-2"), said: 0 });
    peer.say({ t: "ready", endpoint: { ip: "203.0.113.66", port: 40_000 } });
    expect(await attempt).toEqual({ ok: false, failure: "peer-failed", detail: "the peer has left X" });
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    expect(peer.heard.at(-1)).toEqual({ t: "refused", reason: "endpoint 203.0.113.66 is not your address" });
  });

  it("about its sequence number and about being open ends at its deadline: no data comes", async () => {
    const { attempt, peer, files } = await comeTo(meeting, { ...course("natblaster-2"), said: 2, deadlineMs: 1_000 });
    peer.say({ t: "established" });
    expect(await attempt).toMatchObject({ ok: false, failure: expect.stringMatching(/^(deadline|reset-after-open)$/) });
    peer.leave();
    await meeting.isClean(files);
  });

  it("says the same for ever gives up nevertheless", async () => {
    const { attempt, peer, began, files } = await comeTo(meeting, { ...course("stunt-2"), said: 2, deadlineMs: 300 });
    const nagging = setInterval(() => peer.say({ t: "waiting" }), 100);
    expect(await attempt).toMatchObject({ ok: false, failure: "deadline" });
    clearInterval(nagging);
    expect(performance.now() - began).toBeLessThan(mostWords({ name: "connect" }) * 300 + AT_ONCE_MS);
    peer.leave();
    await meeting.isClean(files);
  });

  it("whatever it says and when, ends with a typed failure, and leaves nothing", { timeout: 120_000 }, async () => {
    const courses = fc.constantFrom(...COURSES.filter(({ technique }) => technique.name !== "relay"));
    const files = meeting.host.openFiles;
    await fc.assert(
      fc.asyncProperty(courses, fc.array(words, { maxLength: 12 }), async ({ technique, host }, sayings) => {
        const attempt = meeting.attempt(technique, { role: host, deadlineMs: DEADLINE_MS });
        const peer = meeting.peer(technique, host === "a" ? "b" : "a");
        await peer.hears("paired");
        peer.say({ t: "ready", endpoint: { ip: STRANGER, port: 40_000 } }, ...sayings);
        await meeting.xHasHeard();
        peer.leave(); // by then the host knows all that it will
        const result = await attempt;
        expect(FAILURES).toContain(result.ok ? "none" : result.failure);
      }),
      { numRuns: 40 },
    );
    await meeting.isClean(files + 1); // libnftables keeps its own socket open
  });
});
