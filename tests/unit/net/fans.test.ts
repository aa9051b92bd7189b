import { expect, it } from "vitest";
import { Fans } from "../../../agents/fans.ts";
import { SeenPacket } from "../../../agents/net/packet-socket.ts";
import type { Ipv4, Port } from "../../../wire/address.ts";
import { KEPT_PER_FAN } from "../../../wire/evidence.ts";
import { encodeIpv4, PROTOCOL } from "../../../wire/ipv4.ts";
import { encodeTcp, TCP_FLAG } from "../../../wire/tcp.ts";

const [NA, NB] = ["192.0.2.2" as Ipv4, "198.51.100.2" as Ipv4];

function packet(
  src: Ipv4,
  dst: Ipv4,
  { port, flags, atUs }: { port: number; flags: number; atUs: number },
): SeenPacket {
  const fields = { srcPort: 1 as Port, dstPort: port as Port, seq: 0, ack: 0, flags, window: 0 };
  const payload = encodeTcp(fields, { src, dst });
  const bytes = encodeIpv4({ src, dst, ttl: 64, id: 0, protocol: PROTOCOL.tcp, payload });
  const seen = new SeenPacket(new DataView(bytes.buffer));
  return Object.assign(seen, { captured: bytes.length, length: bytes.length, atUs, direction: "in" as const });
}

it("of a fan the first 1,024 packets are kept and all are counted, apart from other kinds, addresses and interfaces", () => {
  const fans = new Fans();
  const ack = { flags: TCP_FLAG.ack };
  const beyond = Array.from({ length: 3_000 }, (_, n) =>
    fans.isBeyond(packet(NB, NA, { ...ack, port: n, atUs: n }), 0),
  );
  expect(beyond.indexOf(true)).toBe(KEPT_PER_FAN);
  expect(beyond.filter(Boolean)).toHaveLength(3_000 - KEPT_PER_FAN);
  const others = [
    fans.isBeyond(packet(NB, NA, { flags: TCP_FLAG.syn, port: 9, atUs: 1 }), 0),
    fans.isBeyond(packet(NA, NB, { ...ack, port: 9, atUs: 1 }), 0),
    fans.isBeyond(packet(NB, NA, { ...ack, port: 9, atUs: 1 }), 1),
  ];
  expect(others).toEqual([false, false, false]);
  expect(fans.totals(["out", "in"])).toEqual([
    {
      iface: "out",
      direction: "in",
      src: NB,
      dst: NA,
      protocol: PROTOCOL.tcp,
      kind: TCP_FLAG.ack,
      packets: 3_000,
      firstAtUs: 0,
      lastAtUs: 2_999,
    },
  ]);
});
