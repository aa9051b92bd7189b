import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { ADDRESS } from "../../orchestrator/plan/addresses.ts";
import { cleanWorld } from "../../orchestrator/world/attempt.ts";
import { loadGateway } from "../../orchestrator/world/gateways.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { unpackPackets } from "../../wire/capture.ts";
import { decodeIpv4 } from "../../wire/ipv4.ts";
import { PROBE_VERSION, type ProbeReply } from "../../wire/probe.ts";
import { X_PORTS } from "../../wire/rendezvous.ts";
import { nat } from "../kit/cells.ts";
import { dial, packetsOf } from "../kit/dial.ts";
import { NODE, openTestWorld } from "../kit/world.ts";

/** Sends lines to X's prober's port, and prints what came back: until X closes, or has answered a ping that follows `holdMs` later. */
const ASK = `
const [x, port, lines, holdMs] = process.argv.slice(1);
const stream = require("node:net").connect({ host: x, port: Number(port) });
let [heard, closed] = ["", false];
const end = () => {
  const replies = heard.trim().split("\\n").filter(Boolean).map(JSON.parse);
  console.log(JSON.stringify({ heard: replies.filter(({ t }) => t !== "pong"), closed }));
  process.exit();
};
stream.on("data", (chunk) => { heard += chunk; if (heard.includes('"pong"')) end(); });
stream.on("close", () => { closed = true; end(); }).on("end", () => stream.end());
stream.on("error", () => {});
stream.write(lines);
setTimeout(() => stream.write('{"t":"ping"}\\n'), Number(holdMs));
`;

/** Connects and leaves with RST, so many times one after the other: more often than X serves at a time. */
const COME_AND_GO = `
const [x, port, times] = process.argv.slice(1);
const go = (left) => {
  if (left === 0) process.exit();
  const stream = require("node:net").connect({ host: x, port: Number(port) }, () => stream.resetAndDestroy());
  stream.on("close", () => go(left - 1));
};
go(Number(times));
`;

interface Answer {
  readonly heard: readonly ProbeReply[];
  readonly closed: boolean;
}

const HELLO = { t: "hello", v: PROBE_VERSION };
const SILENT = { ip: ADDRESS.x, port: X_PORTS.silent.from };
const SYN = { t: "segment", id: 1, from: SILENT, to: 40_000, flags: 2, seq: 7, ack: 0, bytes: 0 };

describe.skipIf(inject("noEngine"))("X, asked by a prober,", () => {
  let world: World;

  beforeAll(async () => {
    world = await openTestWorld("prober-x");
    await Promise.all([loadGateway(world, "a", nat()), loadGateway(world, "b", nat())]);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());
  beforeEach(() => cleanWorld(world));

  async function ask(...messages: readonly object[]): Promise<Answer> {
    return askAndHold(0, ...messages);
  }
  async function askAndHold(holdMs: number, ...messages: readonly object[]): Promise<Answer> {
    const lines = messages.map((message) => `${JSON.stringify(message)}\n`).join("");
    const words = [NODE, "-e", ASK, "--", ADDRESS.x, String(X_PORTS.prober), lines, String(holdMs)];
    return JSON.parse(await world.agent("a").run(words)) as Answer;
  }

  it("says who asks, its addresses and its ports", async () => {
    const { heard, closed } = await ask(HELLO);
    expect(closed).toBe(false);
    expect(heard).toMatchObject([
      {
        t: "welcome",
        observed: { ip: ADDRESS.naOutside },
        addresses: [ADDRESS.x, ADDRESS.xSecond],
        probes: X_PORTS.probes,
        silent: X_PORTS.silent,
      },
    ]);
  });

  it.each([
    ["anything before hello", [SYN], "hello must come first"],
    ["another version", [{ t: "hello", v: 99 }], `this X speaks version ${PROBE_VERSION}, not 99`],
    [
      "an address that is not its own",
      [HELLO, { ...SYN, from: { ...SILENT, ip: ADDRESS.b } }],
      "that address is not X's",
    ],
    ["a port that answers", [HELLO, { ...SYN, from: { ...SILENT, port: 7001 } }], "that port is not a silent one"],
    ["what it does not know", [HELLO, { t: "forge" }], "unknown message"],
    ["a line without end", [HELLO, { t: "x".repeat(3_000) }], "line too long"],
    [
      "to watch for too much",
      [HELLO, ...Array.from({ length: 257 }, (_, seq) => ({ t: "watch", seq }))],
      "too many sequence numbers to watch for",
    ],
  ])("refuses %s, says why, and closes", async (_, messages, reason) => {
    const { heard, closed } = await ask(...messages);
    expect(heard.at(-1)).toEqual({ t: "refused", reason });
    expect(closed).toBe(true);
  });

  it("sends to the asker's own address only", async () => {
    await world.agent("x").call("capture-begin", {});
    const icmp = { t: "icmp", id: 2, error: "unreachable", from: SILENT, to: 40_001, seq: 1 };
    const { heard } = await ask(HELLO, SYN, icmp);
    expect(heard.filter(({ t }) => t === "sent")).toMatchObject([{ id: 1 }, { id: 2 }]);
    const { packets } = await world.agent("x").call("capture-end", {});
    const sent = unpackPackets(Buffer.from(packets, "base64")).filter(({ direction }) => direction === "out");
    const destinations = sent.map(({ bytes }) => decodeIpv4(bytes)).map((packet) => packet.ok && packet.value.dst);
    expect(new Set(destinations)).toEqual(new Set([ADDRESS.naOutside]));
  });

  it("sends no more than 500 packets at once", async () => {
    const { heard, closed } = await ask(HELLO, ...Array.from({ length: 700 }, (_, id) => ({ ...SYN, id })));
    expect(heard.filter(({ t }) => t === "sent").length).toBeGreaterThanOrEqual(500);
    expect(heard.filter(({ t }) => t === "sent").length).toBeLessThan(600); // and 200 a second while it was asked
    expect(heard.at(-1)).toEqual({ t: "refused", reason: "too many packets" });
    expect(closed).toBe(true);
  });

  it("answers nothing at its silent ports, and tells one prober nothing of another's packets", async () => {
    await world.agent("x").call("capture-begin", {});
    const asked = askAndHold(3_000, HELLO, SYN);
    // One after the other for as long as A holds on: one of them comes after A was told, however slow the machine is.
    for (let dials = 0; dials < 5; dials += 1)
      expect(await dial(world.agent("b"), ADDRESS.x, SILENT.port)).toBe("timeout");
    const { heard } = await asked;
    expect(heard.map(({ t }) => t)).toEqual(["welcome", "sent"]);
    const seen = (await packetsOf(world.agent("x"))).flatMap(({ tcp }) => tcp ?? []);
    const told = seen.findIndex(({ srcPort }) => srcPort === SILENT.port);
    const ofB = seen.findIndex(({ dstPort }, index) => index > told && dstPort === SILENT.port);
    const pong = seen.findLastIndex(({ srcPort, payload }) => srcPort === X_PORTS.prober && payload.length > 0);
    expect(ofB, "B's SYN came while A was being told").toBeGreaterThan(-1);
    expect(pong).toBeGreaterThan(ofB);
  });

  it("serves on when probers leave in the middle", async () => {
    await world.agent("a").run([NODE, "-e", COME_AND_GO, "--", ADDRESS.x, String(X_PORTS.prober), "70"]);
    expect((await ask(HELLO)).heard.map(({ t }) => t)).toEqual(["welcome"]);
  });
});
