import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ipv4, port } from "../../../wire/address.ts";
import { STRANGER } from "../nat/laboratory.ts";
import { missingForKernelTests } from "../nat/namespace.ts";
import { Meeting, PEER_PORT } from "./meeting.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: a host with few file descriptors (${missing})`);

const BIRTHDAY = {
  name: "birthday-open",
  syn: "normal",
  sockets: 439,
  targets: 439,
  predictionOffset: 0,
  gapMs: 0,
  skewMs: 0,
} as const;
const endpoint = { ip: ipv4(STRANGER), port: port(PEER_PORT) };

describe.skipIf(missing)("a host that may not open as many sockets as its technique has", () => {
  let meeting: Meeting;
  beforeAll(async () => {
    meeting = await Meeting.open();
    await meeting.hostAs("prlimit", "--nofile=200");
  }, 60_000);
  afterAll(() => meeting?.[Symbol.asyncDispose]());

  it.each(["a", "b"] as const)(
    "gives up as %s with fd-limit, tells its peer, and leaves nothing",
    async (role) => {
      const files = meeting.host.openFiles;
      const attempt = meeting.attempt(BIRTHDAY, { role });
      const peer = meeting.peer(BIRTHDAY, role === "a" ? "b" : "a");
      await peer.hears("paired");
      peer.say({ t: "ready", endpoint });
      await peer.hears("peer");
      peer.say({ t: "waiting" }); // for a the word to shoot
      expect(await attempt).toMatchObject({ ok: false, failure: "fd-limit" });
      expect(await peer.hears("peer-failed")).toMatchObject({ reason: "fd-limit" });
      await meeting.isClean(files);
    },
    60_000,
  );
});
