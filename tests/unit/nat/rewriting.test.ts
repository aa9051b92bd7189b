import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { completeModel } from "../../../orchestrator/nat/model.ts";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { internetChecksum } from "../../../wire/checksum.ts";
import { ipv4 } from "../../../wire/address.ts";
import { verifyIcmpChecksum } from "../../../wire/icmp.ts";
import { TCP_FLAG, verifyTcpChecksum } from "../../../wire/tcp.ts";
import { INSIDE, Laboratory, NAT, PEER, SECOND_INSIDE, STRANGER } from "./laboratory.ts";
import { timeExceededBytes, type PacketHost, type Seen } from "./packets.ts";
import { missingForKernelTests } from "./namespace.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: rewriting NATs on the real kernel (${missing})`);

const SILENCE_MS = 300;
const PEER_PORT = 7000;
const SYN_ACK = TCP_FLAG.syn + TCP_FLAG.ack;
const SHIFT = 2 ** 31;

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

  describe("between a host and a router that a source route leads over", () => {
    const route = { kind: "lsrr", pointer: 4, route: [ipv4(PEER)] } as const;
    const sendRouted = () =>
      outgoing("syn", { to: [STRANGER, PEER_PORT], finally: PEER, ipOptions: [route, { kind: "end" }] });
    const tcpChecksumHolds = ({ ip }: Seen): boolean => verifyTcpChecksum(ip.payload, { src: ip.src, dst: ipv4(PEER) });

    it("that refuses source routes drops the packet", async () => {
      await lab.load({ sourceRoute: "refuse" });
      sendRouted();
      expect(await outside.arrival(isTcp(TCP_FLAG.syn), SILENCE_MS)).toBe(undefined);
    });

    it("that is stock finds the checksum wrong and lets the packet leak", async () => {
      await lab.load({ sourceRoute: "stock" });
      sendRouted();
      expect(await outside.arrival(isTcp(TCP_FLAG.syn))).toMatchObject({ ip: { src: INSIDE, dst: STRANGER } });
    });

    it.each(["aware", "stateless"] as const)(
      "that is %s sends it on to the router, whole, and lets the final destination answer",
      async (sourceRoute) => {
        await lab.load(sourceRoute === "stateless" ? completeModel(NATS.stateless.axes) : { sourceRoute });
        sendRouted();
        const syn = (await outside.arrival(isTcp(TCP_FLAG.syn)))!;
        expect(syn.ip).toMatchObject({ src: NAT, dst: STRANGER });
        expect(syn.ip.options).toContainEqual(route);
        expect(internetChecksum(syn.bytes.subarray(0, syn.ip.headerLength))).toBe(0);
        expect(tcpChecksumHolds(syn)).toBe(true);
        incoming("syn ack", { seq: 500, ack: 1001 });
        expect(await inside.arrival(isTcp(SYN_ACK))).toMatchObject({ ip: { src: PEER, dst: INSIDE } });
      },
    );

    it("that is aware keeps the final destination as the mapping's peer", async () => {
      await lab.load({ sourceRoute: "aware" });
      sendRouted();
      await outside.arrival(isTcp(TCP_FLAG.syn));
      const { records } = await lab.agent.call("conntrack-dump", {});
      expect(records).toMatchObject([{ original: { src: { ip: INSIDE }, dst: { ip: PEER, port: PEER_PORT } } }]);
      incoming("syn ack", { from: [STRANGER, PEER_PORT], seq: 500, ack: 1001 });
      expect(await inside.arrival(isTcp(SYN_ACK), SILENCE_MS)).toBe(undefined);
    });
  });

  describe("that is stateless", () => {
    beforeEach(() => lab.load(completeModel(NATS.stateless.axes)));

    it("hands what comes to a port to the host that used it last, whoever sends, and keeps no connections", async () => {
      outgoing("syn");
      expect(await outside.arrival(isTcp(TCP_FLAG.syn))).toMatchObject({ ip: { src: NAT } });
      inside.send({ from: [SECOND_INSIDE, insidePort + 5000], to: [PEER, PEER_PORT], flags: "syn" });
      await outside.arrival(({ tcp }) => tcp?.srcPort === insidePort + 5000);
      for (const flags of ["rst", "syn", "syn ack", "ack"]) incoming(flags, { from: [STRANGER, 6000] });
      for (const flags of [TCP_FLAG.rst, TCP_FLAG.syn, SYN_ACK, TCP_FLAG.ack])
        expect(await inside.arrival(isTcp(flags))).toMatchObject({ ip: { src: STRANGER, dst: INSIDE } });
      incoming("ack", { to: [NAT, insidePort + 5000] });
      const second = await inside.arrival(({ tcp }) => tcp?.dstPort === insidePort + 5000);
      expect(second).toMatchObject({ ip: { dst: SECOND_INSIDE } });
      expect(await lab.states()).toEqual([]);
    });

    it("hands nothing in that was sent to a port nobody used, and forgets who used which with the mappings", async () => {
      const handedIn = ({ ip, tcp }: Seen): boolean => ip.src === PEER && tcp?.dstPort === insidePort;
      incoming("syn");
      expect(await inside.arrival(handedIn, SILENCE_MS)).toBe(undefined);
      outgoing("syn");
      await outside.arrival(isTcp(TCP_FLAG.syn));
      await lab.agent.call("conntrack-flush", {});
      incoming("ack");
      expect(await inside.arrival(handedIn, SILENCE_MS)).toBe(undefined);
    });
  });

  it("that is stateless can shift sequence numbers too", async () => {
    await lab.load(completeModel({ ...NATS.stateless.axes, sequenceNumbers: "rewrite" }));
    outgoing("syn", { seq: 5 });
    expect(await outside.arrival(isTcp(TCP_FLAG.syn))).toMatchObject({ ip: { src: NAT }, tcp: { seq: 5 + SHIFT } });
    incoming("syn ack", { seq: 77, ack: 6 + SHIFT });
    expect(await inside.arrival(isTcp(SYN_ACK))).toMatchObject({ ip: { dst: INSIDE }, tcp: { seq: 77, ack: 6 } });
  });

  describe("that rewrites sequence numbers", () => {
    beforeEach(() => lab.load({ sequenceNumbers: "rewrite" }));

    it("shifts the inside host's numbers and what acknowledges them, and takes the permission for SACK away", async () => {
      outgoing("syn", { seq: 5, options: [{ kind: "sackPermitted" }, { kind: "mss", bytes: 1400 }] });
      const syn = (await outside.arrival(isTcp(TCP_FLAG.syn)))!;
      expect(syn.tcp).toMatchObject({ seq: 5 + SHIFT, ack: 0 });
      expect(syn.tcp!.options.slice(0, 3).map(({ kind }) => kind)).toEqual(["nop", "nop", "mss"]);
      expect(verifyTcpChecksum(syn.ip.payload, syn.ip)).toBe(true);
      incoming("syn ack", { seq: 77, ack: 6 + SHIFT, options: [{ kind: "sackPermitted" }] });
      const answer = (await inside.arrival(isTcp(SYN_ACK)))!;
      expect(answer.tcp).toMatchObject({ seq: 77, ack: 6 });
      expect(answer.tcp!.options.map(({ kind }) => kind)).not.toContain("sackPermitted");
      expect(verifyTcpChecksum(answer.ip.payload, answer.ip)).toBe(true);
      outgoing("ack", { seq: 6, ack: 78 });
      expect(await outside.arrival(isTcp(TCP_FLAG.ack))).toMatchObject({ tcp: { seq: 6 + SHIFT, ack: 78 } });
      expect(await lab.states()).toEqual(["ESTABLISHED"]);
    });

    it.each([5, 5 + SHIFT])("gives the quote of an ICMP error the number %i that the host had sent", async (seq) => {
      outgoing("syn", { seq });
      const { bytes } = (await outside.arrival(isTcp(TCP_FLAG.syn)))!;
      outside.send(timeExceededBytes(STRANGER, bytes));
      const error = (await inside.arrival(
        ({ icmp }) =>
          icmp?.original.ok === true &&
          icmp.original.value.transport.kind === "tcp" &&
          icmp.original.value.transport.srcPort === insidePort,
      ))!;
      expect(error.icmp!.original).toMatchObject({ value: { transport: { seq } } });
      expect(verifyIcmpChecksum(error.ip.payload)).toBe(true);
    });
  });
});

describe.skipIf(missing)("a NAT that rewrites sequence numbers", () => {
  it("carries 10 MB each way between two kernels, whole", async () => {
    await using lab = await Laboratory.open();
    await lab.load({ sequenceNumbers: "rewrite" });
    const server = lab.outsideSpace.node(SERVER);
    await once(server.stdout!, "data");
    const client = lab.insideSpace.node(CLIENT);
    expect(JSON.parse(await text(client.stdout!))).toEqual({ received: TRANSFERRED, same: true });
    server.stdin!.end();
    await once(server, "exit");
  });
});

const TRANSFERRED = 10_000_000;

/** Sends back what it gets. */
const SERVER = `
  require("net").createServer((socket) => socket.on("error", () => {}).pipe(socket))
    .listen(7, () => console.log("listening"));
  process.stdin.resume().on("end", () => process.exit());`;

const CLIENT = `
  const sent = require("crypto").randomBytes(${TRANSFERRED});
  const parts = [];
  let received = 0;
  const socket = require("net").connect({ host: "${PEER}", port: 7 }, () => socket.write(sent));
  socket.on("error", (error) => { console.log(JSON.stringify({ error: error.message })); process.exit(1); });
  socket.on("data", (part) => {
    parts.push(part);
    received += part.length;
    if (received < ${TRANSFERRED}) return;
    console.log(JSON.stringify({ received, same: Buffer.concat(parts).equals(sent) }));
    process.exit();
  });`;
