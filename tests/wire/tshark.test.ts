import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ipv4, port } from "../../wire/address.ts";
import { encodeIcmpError, TIME_EXCEEDED } from "../../wire/icmp.ts";
import { encodeIpv4, PROTOCOL, type Ipv4Fields } from "../../wire/ipv4.ts";
import { renderPcapng, type PcapngPacket } from "../../wire/pcapng.ts";
import { encodeTcp, TCP_FLAG, type TcpFields } from "../../wire/tcp.ts";

const present = spawnSync("tshark", ["--version"]).error === undefined;
const required = process.env["REQUIRE_TSHARK"] !== undefined;
if (!present && !required)
  console.warn("skipped: tshark is not installed (Debian package tshark), REQUIRE_TSHARK is unset");

const a = ipv4("10.0.1.2");
const b = ipv4("192.0.2.7");
const x = ipv4("203.0.113.9");
const CHECKSUM_GOOD = "1";

const syn: TcpFields = {
  srcPort: port(40001),
  dstPort: port(50002),
  seq: 0xdeadbeef,
  ack: 0,
  flags: TCP_FLAG.syn | TCP_FLAG.ece | TCP_FLAG.cwr,
  window: 64240,
  options: [
    { kind: "mss", bytes: 1400 },
    { kind: "sackPermitted" },
    { kind: "timestamps", tsval: 0x11223344, tsecr: 0x55667788 },
    { kind: "nop" },
    { kind: "windowScale", shift: 7 },
  ],
};
const answer: TcpFields = {
  srcPort: port(50002),
  dstPort: port(40001),
  seq: 7,
  ack: 0xdeadbef0,
  flags: TCP_FLAG.ack | TCP_FLAG.psh,
  window: 512,
  options: [{ kind: "nop" }, { kind: "nop" }, { kind: "sack", blocks: [{ left: 0xdeadc000, right: 0xdeadd000 }] }],
  payload: new TextEncoder().encode("payload of odd length"),
};

const synPacket = packetOf({ src: a, dst: b, payload: encodeTcp(syn, { src: a, dst: b }), dontFragment: true });
const answerPacket = packetOf({ src: b, dst: a, payload: encodeTcp(answer, { src: b, dst: a }) });
const routed = packetOf({
  src: a,
  dst: x,
  payload: encodeTcp(syn, { src: a, dst: b }),
  options: [{ kind: "lsrr", pointer: 4, route: [b] }],
});
const icmp = packetOf({
  src: x,
  dst: a,
  protocol: PROTOCOL.icmp,
  payload: encodeIcmpError({ kind: "time-exceeded", code: TIME_EXCEEDED.transit, quoted: synPacket.subarray(0, 28) }),
});
const file = renderPcapng({
  comment: "cell 7, attempt 2",
  interfaces: [{ name: "na:in", description: "NA, towards A" }, { name: "na:out" }],
  packets: [
    captured({ iface: 0, bytes: synPacket, direction: "inbound", comment: "the SYN that opens the hole – ‘a’" }),
    captured({ iface: 1, bytes: answerPacket, direction: "outbound" }),
    captured({ iface: 1, bytes: icmp, direction: "unknown" }),
    captured({ iface: 0, bytes: routed, direction: "inbound" }),
    {
      ...captured({ iface: 0, bytes: answerPacket.subarray(0, 50), direction: "inbound" }),
      originalLength: answerPacket.length,
    },
  ],
});

const folder = mkdtempSync(join(tmpdir(), "natbed-tshark-"));
const path = join(folder, "capture.pcapng");
beforeAll(() => writeFileSync(path, file));
afterAll(() => rmSync(folder, { recursive: true }));

describe.runIf(present || required)("tshark reads from our capture", () => {
  it("is installed, as REQUIRE_TSHARK demands", () => {
    expect(present, "REQUIRE_TSHARK is set and tshark is missing: install the Debian package tshark").toBe(true);
  });

  it("addresses, ports, flags, numbers and good checksums", () => {
    const fields = [
      "ip.src",
      "ip.dst",
      "ip.ttl",
      "ip.id",
      "ip.flags.df",
      "tcp.srcport",
      "tcp.dstport",
      "tcp.flags",
      "tcp.seq_raw",
      "tcp.ack_raw",
      "tcp.window_size_value",
      "tcp.len",
      "ip.checksum.status",
      "tcp.checksum.status",
    ];
    const [first, second] = read(fields);
    expect(first).toEqual([
      "10.0.1.2",
      "192.0.2.7",
      "33",
      "0x1234",
      "1",
      "40001",
      "50002",
      "0x00c2",
      String(0xdeadbeef),
      "0",
      "64240",
      "0",
      CHECKSUM_GOOD,
      CHECKSUM_GOOD,
    ]);
    expect(second).toEqual([
      "192.0.2.7",
      "10.0.1.2",
      "33",
      "0x1234",
      "0",
      "50002",
      "40001",
      "0x0018",
      "7",
      String(0xdeadbef0),
      "512",
      "21",
      CHECKSUM_GOOD,
      CHECKSUM_GOOD,
    ]);
  });

  it("TCP options", () => {
    const [first, second] = read([
      "tcp.options.mss_val",
      "tcp.options.sack_perm",
      "tcp.options.timestamp.tsval",
      "tcp.options.timestamp.tsecr",
      "tcp.options.wscale.shift",
      "tcp.options.sack_le",
      "tcp.options.sack_re",
    ]);
    // Newer versions write 04:02.
    expect(first?.slice(0, 5).map((value) => value.replace(":", ""))).toEqual([
      "1400",
      "0402",
      String(0x11223344),
      String(0x55667788),
      "7",
    ]);
    expect(second?.slice(5)).toEqual([String(0xdeadc000), String(0xdeadd000)]);
  });

  it("an ICMP error with the packet it quotes", () => {
    const third = read([
      "icmp.type",
      "icmp.code",
      "icmp.checksum.status",
      "ip.src",
      "ip.dst",
      "tcp.srcport",
      "tcp.seq",
    ])[2];
    expect(third).toEqual([
      "11",
      "0",
      CHECKSUM_GOOD,
      "203.0.113.9,10.0.1.2",
      "10.0.1.2,192.0.2.7",
      "40001",
      String(0xdeadbeef),
    ]);
  });

  it("a loose source route, whose TCP checksum is over the final destination", () => {
    const fourth = read(["ip.opt.type", "ip.opt.ptr", "ip.cur_rt", "ip.dst", "tcp.checksum.status"])[3];
    expect(fourth).toEqual(["131,0", "4", "203.0.113.9", "192.0.2.7", CHECKSUM_GOOD]);
  });

  it("interfaces, comments, directions, times and lengths", () => {
    const rows = read([
      "frame.interface_name",
      "frame.interface_description",
      "frame.comment",
      "frame.packet_flags_direction",
      "frame.time_epoch",
      "frame.len",
      "frame.cap_len",
    ]);
    const time = "1700000000.123456000";
    const [syns, answers] = [String(synPacket.length), String(answerPacket.length)];
    expect(rows[0]).toEqual([
      "na:in",
      "NA, towards A",
      "the SYN that opens the hole – ‘a’",
      "0x00000001",
      time,
      syns,
      syns,
    ]);
    expect(rows[1]).toEqual(["na:out", "", "", "0x00000002", time, answers, answers]);
    expect(rows[2]?.slice(0, 4)).toEqual(["na:out", "", "", ""]);
    expect(rows[4]?.slice(5)).toEqual([answers, "50"]);
  });
});

function packetOf(fields: Partial<Ipv4Fields> & Pick<Ipv4Fields, "src" | "dst" | "payload">): Uint8Array {
  return encodeIpv4({ ttl: 33, id: 0x1234, protocol: PROTOCOL.tcp, ...fields });
}

function captured(packet: Omit<PcapngPacket, "atUs" | "originalLength">): PcapngPacket {
  return { ...packet, atUs: 1_700_000_000_123_456, originalLength: packet.bytes.length };
}

/** One row of the named fields for each packet. */
function read(fields: readonly string[]): string[][] {
  const columns = fields.flatMap((field) => ["-e", field]);
  const checks = [
    "-o",
    "tcp.check_checksum:TRUE",
    "-o",
    "ip.check_checksum:TRUE",
    "-o",
    "tcp.relative_sequence_numbers:FALSE",
  ];
  const args = ["-r", path, "-n", ...checks, "-T", "fields", ...columns];
  const { stdout, stderr, status } = spawnSync("tshark", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`tshark: ${stderr}`);
  return stdout
    .trimEnd()
    .split("\n")
    .map((row) => row.split("\t"));
}
