import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { renderRuleset } from "../../../orchestrator/nat/ruleset.ts";
import { formatFlags, TCP_FLAG } from "../../../wire/tcp.ts";
import { until } from "../../kit/until.ts";
import {
  INSIDE,
  Laboratory,
  NAT,
  PEER,
  STRANGER,
  timeExceededBytes,
  type PacketHost,
  type Seen,
} from "./laboratory.ts";
import { PLACE } from "./models.ts";
import { missingForKernelTests } from "./namespace.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: a NAT's answers on the real kernel (${missing})`);

/** Long enough for anything that comes at all, on links without delay. */
const SILENCE_MS = 300;
const PEER_PORT = 7000;

describe.skipIf(missing)("a NAT on the real kernel", () => {
  let lab: Laboratory;
  let inside: PacketHost;
  let outside: PacketHost;
  let insidePort = 20_000;

  beforeAll(async () => {
    lab = await Laboratory.open();
    ({ inside, outside } = await lab.packetHosts());
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    await lab.agent.call("conntrack-flush", {});
    insidePort += 1;
  });

  const outgoing = (flags: string, fields = {}) =>
    inside.send({ from: [INSIDE, insidePort], to: [PEER, PEER_PORT], flags, ...fields });
  const incoming = (flags: string, fields = {}) =>
    outside.send({ from: [PEER, PEER_PORT], to: [NAT, insidePort], flags, ...fields });
  const isTcp = (flags: number) => (packet: Seen) =>
    packet.tcp?.flags === flags && [packet.tcp.srcPort, packet.tcp.dstPort].includes(insidePort as never);
  const SYN_ACK = TCP_FLAG.syn + TCP_FLAG.ack;
  const RST_ACK = TCP_FLAG.rst + TCP_FLAG.ack;

  /** The inside host's SYN, seen outside. */
  async function open(): Promise<void> {
    outgoing("syn");
    expect(await outside.arrival(isTcp(TCP_FLAG.syn))).toMatchObject({ ip: { src: NAT } });
  }

  describe.each([
    ["drop", undefined],
    ["reset", "RST+ACK"],
    ["port-unreachable", 3],
    ["admin-prohibited", 13],
  ] as const)("whose answer to unsolicited SYNs is %s", (unsolicitedSyn, expected) => {
    const answerTo = async (port: number): Promise<string | number | undefined> => {
      outside.send({ from: [STRANGER, 6000], to: [NAT, port], flags: "syn" });
      const answer = await outside.arrival(
        ({ ip, tcp, icmp }) =>
          ip.dst === STRANGER &&
          (tcp?.srcPort === port ||
            (icmp?.original.ok === true &&
              icmp.original.value.transport.kind === "tcp" &&
              icmp.original.value.transport.dstPort === port)),
        expected === undefined ? SILENCE_MS : 3000,
      );
      return answer?.icmp?.code ?? (answer?.tcp ? formatFlags(answer.tcp.flags) : undefined);
    };

    it("gives it to a SYN to a port without mapping", async () => {
      await lab.load({ unsolicitedSyn });
      expect(await answerTo(insidePort)).toBe(expected);
      expect(await lab.states()).toEqual([]);
    });

    it("gives it to a wrong peer's SYN where nothing else is said", async () => {
      await lab.load({ unsolicitedSyn });
      await open();
      expect(await answerTo(insidePort)).toBe(expected);
    });

    it("gives a wrong peer's SYN the other answer where one is said", async () => {
      await lab.load({ unsolicitedSyn: unsolicitedSyn === "drop" ? "reset" : "drop", wrongPeerSyn: unsolicitedSyn });
      await open();
      expect(await answerTo(insidePort)).toBe(expected);
      expect((await answerTo(insidePort + 5000)) === expected).toBe(false);
    });
  });

  describe("reached by a RST on a mapping whose SYN has no answer yet", () => {
    it.each([
      ["deliver-and-remove", true, []],
      ["hide-and-remove", false, []],
      ["deliver-and-keep", true, ["SYN_SENT"]],
      ["ignore", false, ["SYN_SENT"]],
    ] as const)("does with it what %s says", async (reset, arrives, states) => {
      await lab.load({ reset });
      await open();
      incoming("rst ack", { seq: 0, ack: 1001 });
      const delivered = await inside.arrival(isTcp(RST_ACK), arrives ? 3000 : SILENCE_MS);
      expect(delivered !== undefined).toBe(arrives);
      if (delivered) expect(delivered).toMatchObject({ ip: { src: PEER, dst: INSIDE }, tcp: { dstPort: insidePort } });
      expect(await lab.states()).toEqual(states);
      incoming("syn ack", { seq: 500, ack: 1001 });
      const later = await inside.arrival(isTcp(SYN_ACK), states.length > 0 ? 3000 : SILENCE_MS);
      expect(later !== undefined).toBe(states.length > 0);
    });

    it.each(["deliver-and-keep", "ignore"] as const)(
      "ends an answered connection all the same where it does %s",
      async (reset) => {
        await lab.load({ reset });
        await open();
        incoming("syn ack", { seq: 500, ack: 1001 });
        await inside.arrival(isTcp(SYN_ACK));
        outgoing("ack", { seq: 1001, ack: 501 });
        await outside.arrival(isTcp(TCP_FLAG.ack));
        incoming("rst", { seq: 501 });
        expect(await inside.arrival(isTcp(TCP_FLAG.rst))).toBeDefined();
        expect(await lab.states()).toEqual(["CLOSE"]);
      },
    );
  });

  describe("whose inside host sends a SYN+ACK after its own SYN", () => {
    it.each([
      ["leak", INSIDE],
      ["drop", undefined],
      ["translate", NAT],
    ] as const)("does with it what %s says", async (outOfState, source) => {
      await lab.load({ outOfState });
      await open();
      outgoing("syn ack", { seq: 1000, ack: 501 });
      const left = await outside.arrival(isTcp(SYN_ACK), source ? 3000 : SILENCE_MS);
      expect(left?.ip.src).toBe(source);
    });

    it("translates it to the mapping's own port, whatever that is", async () => {
      await lab.load({
        outOfState: "translate",
        ports: { kind: "sequential", step: 1, range: { from: 40_000, to: 40_003 } },
      });
      outgoing("syn");
      const syn = await outside.arrival(({ tcp }) => tcp?.srcPort === 40_000 && tcp.flags === TCP_FLAG.syn);
      expect(syn).toBeDefined();
      outgoing("syn ack", { seq: 1000, ack: 501 });
      const left = await outside.arrival(({ tcp }) => tcp?.srcPort === 40_000 && tcp.flags === SYN_ACK);
      expect(left).toMatchObject({ ip: { src: NAT }, tcp: { dstPort: PEER_PORT } });
    });
  });

  describe("reached by a SYN from the peer that a SYN is on its way to", () => {
    it.each([
      ["accept", true],
      ["refuse", false],
    ] as const)("does with it what %s says, and takes the peer's SYN+ACK either way", async (crossingSyn, passes) => {
      await lab.load({ crossingSyn });
      await open();
      incoming("syn", { seq: 500 });
      const passed = await inside.arrival(isTcp(TCP_FLAG.syn), passes ? 3000 : SILENCE_MS);
      expect(passed !== undefined).toBe(passes);
      incoming("syn ack", { seq: 500, ack: 1001 });
      expect(await inside.arrival(isTcp(SYN_ACK))).toBeDefined();
    });
  });

  it("that refuses a crossing SYN keeps the mapping from a RST behind it all the same", async () => {
    await lab.load({ crossingSyn: "refuse", reset: "ignore" });
    await open();
    incoming("syn", { seq: 500 });
    incoming("rst ack", { seq: 0, ack: 1001 });
    incoming("syn ack", { seq: 500, ack: 1001 });
    expect(await inside.arrival(isTcp(SYN_ACK))).toBeDefined();
    expect(await inside.arrival(isTcp(RST_ACK), 0)).toBe(undefined);
  });

  describe("reached by a segment far outside the window", () => {
    it.each([
      ["strict", false],
      ["liberal", true],
    ] as const)("lets it in only where it is liberal: %s", async (windowTracking, passes) => {
      await lab.load({ windowTracking });
      await open();
      incoming("syn ack", { seq: 500, ack: 1001 });
      await inside.arrival(isTcp(SYN_ACK));
      outgoing("ack", { seq: 1001, ack: 501 });
      await outside.arrival(isTcp(TCP_FLAG.ack));
      incoming("ack psh", { seq: 900_000_000, ack: 1001, payload: new Uint8Array(10) });
      const passed = await inside.arrival(isTcp(TCP_FLAG.ack + TCP_FLAG.psh), passes ? 3000 : SILENCE_MS);
      expect(passed !== undefined).toBe(passes);
    });
  });

  describe("reached by a router's time-exceeded for an inside host's SYN", () => {
    it.each([
      ["translate", true, ["SYN_SENT"]],
      ["drop", false, ["SYN_SENT"]],
      ["teardown", true, []],
    ] as const)("does with it what %s says", async (timeExceeded, arrives, states) => {
      await lab.load({ timeExceeded });
      await open();
      const { bytes } = (await outside.arrival(isTcp(TCP_FLAG.syn)))!;
      outside.send(timeExceededBytes(STRANGER, bytes));
      const error = await inside.arrival(aboutOurSyn, arrives ? 3000 : SILENCE_MS);
      expect(error !== undefined).toBe(arrives);
      if (error) expect(error.ip).toMatchObject({ src: STRANGER, dst: INSIDE });
      expect(await lab.states()).toEqual(states);
      incoming("syn ack", { seq: 500, ack: 1001 });
      const answer = await inside.arrival(isTcp(SYN_ACK), states.length > 0 ? 3000 : SILENCE_MS);
      expect(answer !== undefined).toBe(states.length > 0);
    });

    const aboutOurSyn = ({ icmp }: Seen): boolean =>
      icmp?.kind === "time-exceeded" &&
      icmp.original.ok &&
      icmp.original.value.transport.kind === "tcp" &&
      icmp.original.value.transport.srcPort === insidePort;
  });

  describe("that answers unsolicited SYNs after a while (RFC 5382 REQ-4)", () => {
    const afterMs = 700;
    const unreachable = ({ icmp }: Seen): boolean =>
      icmp?.kind === "destination-unreachable" &&
      icmp.original.ok &&
      icmp.original.value.transport.kind === "tcp" &&
      icmp.original.value.transport.dstPort === insidePort;

    beforeEach(() => lab.load({ unsolicitedSyn: { kind: "delayed-icmp", afterMs } }));

    it("is silent for so long and then says port unreachable", async () => {
      const begun = performance.now();
      incoming("syn");
      expect(await outside.arrival(unreachable)).toMatchObject({ icmp: { code: 3 }, ip: { src: NAT, dst: PEER } });
      expect(performance.now() - begun).toBeGreaterThanOrEqual(afterMs - 1);
      expect(await lab.states()).toEqual([]);
    });

    it("is silent for good where an outbound SYN of the same connection follows, which passes", async () => {
      incoming("syn");
      incoming("syn", { from: [STRANGER, 6000] });
      await open();
      expect(await outside.arrival((packet) => unreachable(packet) && packet.ip.dst === STRANGER)).toBeDefined();
      expect(await outside.arrival((packet) => unreachable(packet) && packet.ip.dst === PEER, SILENCE_MS)).toBe(
        undefined,
      );
    });

    it("forgets what it holds together with the mappings", async () => {
      incoming("syn");
      await until("the NAT has the SYN", () => queued(), { withinMs: 3000 });
      await lab.agent.call("conntrack-flush", {});
      expect(await outside.arrival(unreachable, afterMs + SILENCE_MS)).toBe(undefined);
    });

    /** Packets that wait in the queue of unsolicited SYNs (net/netfilter/nfnetlink_queue.c, seq_show). */
    const queued = (): true | undefined => {
      const line = lab.box
        .sh("cat /proc/net/netfilter/nfnetlink_queue")
        .split("\n")
        .find((one) => /^ +2 /.test(one));
      return Number(line?.trim().split(/ +/)[2]) > 0 || undefined;
    };
  });

  describe("that remembers connections for one second", () => {
    const phases = {
      synSentS: open,
      establishedS: establish,
      closingS: async () => {
        await establish();
        outgoing("fin ack", { seq: 1001, ack: 501 });
        await outside.arrival(isTcp(TCP_FLAG.fin + TCP_FLAG.ack));
        incoming("fin ack", { seq: 501, ack: 1002 });
        await inside.arrival(isTcp(TCP_FLAG.fin + TCP_FLAG.ack));
        outgoing("ack", { seq: 1002, ack: 502 });
        await until("TIME_WAIT", async () => (await lab.states()).includes("TIME_WAIT") || undefined, {
          withinMs: 3000,
        });
      },
    };

    it.each(["synSentS", "establishedS", "closingS"] as const)("forgets them then: %s", async (phase) => {
      await lab.load({ timeouts: { [phase]: 1 } });
      await phases[phase]();
      expect(await lab.states()).toHaveLength(1);
      await until("forgotten", async () => (await lab.states()).length === 0 || undefined, { withinMs: 4000 });
    });

    it.each(["synSentS", "closingS"] as const)(
      "keeps an established connection for longer where %s is so short",
      async (phase) => {
        await lab.load({ timeouts: { [phase]: 1 } });
        await establish();
        const other = insidePort;
        insidePort += 1000;
        await phases[phase]();
        await until("the other is forgotten", async () => (await lab.states()).length === 1 || undefined, {
          withinMs: 4000,
        });
        insidePort = other;
        expect(await lab.states()).toEqual(["ESTABLISHED"]);
      },
    );

    it("sets every state of the phase, so that none forgets earlier", async () => {
      const settings = await lab.load({ timeouts: { synSentS: 240, establishedS: 7440, closingS: 240 } });
      const seconds = [...settings.matchAll(/nf_conntrack_tcp_timeout_(\w+) = (\d+)/g)].map(([, state, value]) => [
        state,
        Number(value),
      ]);
      expect(Object.fromEntries(seconds)).toEqual({
        syn_sent: 240,
        syn_recv: 240,
        established: 7440,
        max_retrans: 7440,
        unacknowledged: 7440,
        fin_wait: 240,
        close_wait: 240,
        last_ack: 240,
        time_wait: 240,
        close: 240,
      });
    });

    async function establish(): Promise<void> {
      await open();
      incoming("syn ack", { seq: 500, ack: 1001 });
      await inside.arrival(isTcp(SYN_ACK));
      outgoing("ack", { seq: 1001, ack: 501 });
      await outside.arrival(isTcp(TCP_FLAG.ack));
    }
  });

  it("has nothing left of the NAT before it, nor has a plain router", async () => {
    const plain = await lab.load();
    const odd = { sourceRoute: "aware", reset: "ignore", windowTracking: "liberal", outOfState: "translate" } as const;
    expect(
      await lab.load({ ...odd, timeouts: { synSentS: 7, establishedS: 8, closingS: 9 }, unsolicitedSyn: "reset" }),
    ).not.toBe(plain);
    expect(stable(await lab.load())).toBe(stable(plain));
    const { readBack } = await lab.agent.call("gateway-load", renderRuleset({ kind: "router" }, PLACE));
    expect(settingsOf(readBack)).toBe(settingsOf(plain));
    expect(readBack).not.toContain("-A ");
    expect(lab.box.sh("nft list tables")).not.toContain("table ip natbed");
  });

  const stable = (rules: string): string =>
    rules.replaceAll(/^# (Generated|Completed).*$/gm, "").replaceAll(/\[\d+:\d+\]/g, "");
  const settingsOf = (rules: string): string => rules.slice(rules.indexOf("# sysctls"));
});
