import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ipv4, port } from "../../../wire/address.ts";
import { until } from "../../kit/until.ts";
import { NAT, PEER, STRANGER } from "../nat/laboratory.ts";
import { missingForKernelTests } from "../nat/namespace.ts";
import { Meeting, PEER_PORT } from "./meeting.ts";
import { comeToPlan, comeToStep, triedIn } from "./plan.ts";
import { AT_ONCE_MS } from "./techniques.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: auto, while a step runs (${missing})`);

const READY = { t: "ready", endpoint: { ip: ipv4(STRANGER), port: port(PEER_PORT) } };

describe.skipIf(missing)("auto, in the middle of a plan or before it,", () => {
  let meeting: Meeting;
  beforeAll(async () => {
    meeting = await Meeting.open();
  }, 60_000);
  afterAll(() => meeting?.[Symbol.asyncDispose]());

  beforeEach(async () => {
    if (!meeting.x.runs) await meeting.xAs();
  }, 60_000);

  it("ends at once where the peer leaves, and reports the step that was going on", async () => {
    const { attempt, peer, session, files } = await comeToPlan(meeting);
    const { technique } = await comeToStep(meeting, session, 1);
    const began = performance.now();
    peer.leave();
    const result = await attempt;
    expect(result).toMatchObject({ ok: false, failure: "peer-failed", detail: "it left" });
    expect(triedIn(result)).toEqual([`${technique.name} peer-failed`]);
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    await meeting.isClean(files + 1); // libnftables keeps its own socket open
  });

  it("goes on to the next step soon where the peer's part has ended and the peer says nothing in the step itself", async () => {
    const { attempt, peer, session } = await comeToPlan(meeting, { deadlineMs: 20_000 });
    const first = await comeToStep(meeting, session, 1);
    const began = performance.now();
    peer.say({ t: "outcome", step: 1, ok: false });
    await comeToStep(meeting, session, 2);
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    peer.leave();
    expect((await attempt).tried?.[0]).toMatchObject({
      technique: first.technique,
      failure: "peer-failed",
      detail: "the peer's part of this step has ended",
    });
  });

  it("with a peer that has fallen silent ends at the deadline of all, with the step's own failure", async () => {
    const { attempt, peer, session, files } = await comeToPlan(meeting, { withinMs: 6_000, deadlineMs: 500 });
    const { technique, peer: inStep } = await comeToStep(meeting, session, 1);
    inStep.say(READY);
    const result = await attempt;
    expect(result).toMatchObject({ ok: false, failure: "deadline", detail: "no connection within 6000 ms" });
    expect(triedIn(result)).toEqual([`${technique.name} deadline`]);
    peer.leave();
    await meeting.isClean(files + 1); // libnftables keeps its own socket open
  });

  it(
    "comes back to an X that restarts, says all again, and goes on to the next step",
    { timeout: 40_000 },
    async () => {
      const { attempt, session } = await comeToPlan(meeting);
      const { technique } = await comeToStep(meeting, session, 1);
      await meeting.x.kill();
      await meeting.xAs();
      const peer = meeting.peer({ name: "auto", withinMs: 1 }, "b", { session });
      await peer.hears("peer-outcome");
      expect(peer.heard.map(({ t }) => t)).toEqual(["welcome", "paired", "peer-offer", "peer-begin", "peer-outcome"]);
      peer.say({ t: "outcome", step: 1, ok: false });
      const next = await comeToStep(meeting, session, 2);
      next.peer.say(READY);
      peer.say({ t: "failed", reason: "enough" });
      const result = await attempt;
      expect(result).toMatchObject({ ok: false, failure: "peer-failed", detail: "enough" });
      expect(triedIn(result)).toEqual([`${technique.name} rendezvous-lost`, `${next.technique.name} peer-failed`]);
      peer.leave();
    },
  );

  it("gives up on an X that is gone within ten seconds, and says so", { timeout: 40_000 }, async () => {
    const { attempt, session, files } = await comeToPlan(meeting);
    const { technique } = await comeToStep(meeting, session, 1);
    const began = performance.now();
    await meeting.x.kill();
    const result = await attempt;
    expect(result).toMatchObject({
      ok: false,
      failure: "rendezvous-lost",
      detail: expect.stringContaining("no X serves at"),
    });
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(triedIn(result)).toEqual([`${technique.name} rendezvous-lost`]);
    await meeting.isClean(files + 1); // libnftables keeps its own socket open
  });

  it("waiting for its peer misses an X that has vanished without a word", { timeout: 90_000 }, async () => {
    const began = performance.now();
    const files = meeting.host.openFiles;
    const attempt = meeting.attempt({ name: "auto", withinMs: 30_000 });
    await meeting.host.does("welcome");
    const cut = `-p tcp -s ${PEER} -d ${NAT} -j DROP`;
    meeting.lab.box.sh(`iptables-nft -t raw -I PREROUTING ${cut}`);
    expect(await attempt).toEqual({ ok: false, failure: "rendezvous-lost", detail: expect.stringMatching(/^X /) });
    expect(performance.now() - began).toBeLessThan(60_000);
    expect(await meeting.host.does("lobby-lost")).toEqual({ why: "X has fallen silent", isFinal: false });
    meeting.lab.box.sh(`iptables-nft -t raw -D PREROUTING ${cut}`);
    await meeting.isClean(files + 1); // libnftables keeps its own socket open
  });

  it(
    "behind a NAT that forgets all its mappings comes back to its seat, and goes on to the next step",
    { timeout: 40_000 },
    async () => {
      await meeting.lab.load({ timeExceeded: "drop", ports: { kind: "random", range: { from: 32_768, to: 65_535 } } });
      const { attempt, peer, session } = await comeToPlan(meeting, { deadlineMs: 2_000 });
      const { technique, peer: inStep } = await comeToStep(meeting, session, 1);
      await meeting.lab.agent.call("conntrack-flush", {});
      inStep.say({ t: "failed", reason: "port-busy" }); // comes for a connection that the NAT knows no more
      peer.say({ t: "outcome", step: 1, ok: false });
      const paired = () => peer.heard.filter(({ t }) => t === "paired").length === 2 || undefined;
      await until("the two are paired once more", paired, {
        withinMs: 15_000,
        seen: () => [peer.text, meeting.host.logs],
      });
      peer.say({ t: "outcome", step: 1, ok: false });
      const next = await comeToStep(meeting, session, 2);
      expect(peer.heard.map(({ t }) => t)).not.toContain("peer-left");
      peer.say({ t: "failed", reason: "enough" });
      expect(triedIn(await attempt)).toEqual([
        expect.stringContaining(technique.name),
        `${next.technique.name} peer-failed`,
      ]);
      peer.leave();
      await meeting.lab.load({ timeExceeded: "drop" });
    },
  );

  it("without a file to open fails that step with fd-limit, and plays the next one once there are some", async () => {
    const { pid } = meeting.host;
    const limit = (soft: number): void => {
      const { status, stderr } = spawnSync("prlimit", ["--pid", String(pid), `--nofile=${soft}:`], {
        encoding: "utf8",
      });
      expect([status, stderr]).toEqual([0, ""]);
    };
    const { attempt, peer, session } = await comeToPlan(meeting);
    const first = await comeToStep(meeting, session, 1);
    limit(1);
    peer.say({ t: "outcome", step: 1, ok: false });
    await peer.hears("peer-outcome");
    await meeting.host.does("step", { step: 2 });
    const second = () => peer.heard.filter(({ t }) => t === "peer-outcome").length === 2 || undefined;
    await until("the second step ends", second, { withinMs: 10_000, seen: () => peer.text });
    limit(1024);
    peer.say({ t: "outcome", step: 2, ok: false });
    await comeToStep(meeting, session, 3);
    peer.leave();
    expect(triedIn(await attempt)).toEqual([
      `${first.technique.name} peer-failed`,
      expect.stringMatching(/ fd-limit$/),
      expect.stringMatching(/ peer-failed$/),
    ]);
  });
});
