import { describe, expect, it } from "vitest";
import { Crossings } from "../../../agents/crossings.ts";
import { Fans } from "../../../agents/fans.ts";
import { SeenPacket } from "../../../agents/net/packet-socket.ts";
import type { Ipv4, Port } from "../../../wire/address.ts";
import type { CapturedPacket } from "../../../wire/capture.ts";
import { KEPT_PER_FAN } from "../../../wire/evidence.ts";
import { encodeIpv4, PROTOCOL } from "../../../wire/ipv4.ts";
import { encodeTcp, TCP_FLAG } from "../../../wire/tcp.ts";

const [NA, NB] = ["192.0.2.2" as Ipv4, "198.51.100.2" as Ipv4];

interface Fields {
  readonly from?: number;
  readonly port: number;
  readonly flags: number;
  readonly atUs: number;
}

function packet(src: Ipv4, dst: Ipv4, { from = 1, port, flags, atUs }: Fields): SeenPacket {
  const fields = { srcPort: from as Port, dstPort: port as Port, seq: 0, ack: 0, flags, window: 0 };
  const payload = encodeTcp(fields, { src, dst });
  const bytes = encodeIpv4({ src, dst, ttl: 64, id: 0, protocol: PROTOCOL.tcp, payload });
  const seen = new SeenPacket(new DataView(bytes.buffer));
  return Object.assign(seen, { captured: bytes.length, length: bytes.length, atUs, direction: "in" as const });
}

it("of a fan the first 1,024 packets are kept and all are counted, apart from other kinds, addresses and interfaces", () => {
  const fans = new Fans(() => expect.unreachable());
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

describe("SYNs of a fan that cross one of the peer's", () => {
  const [syn, count] = [{ flags: TCP_FLAG.syn }, 3_000];
  /** NA's spray from every port to NB's port 1, and a SYN from there to NA's `port`. */
  const spray = (fans: Fans): boolean[] =>
    Array.from({ length: count }, (_, n) => fans.isBeyond(packet(NA, NB, { ...syn, from: n, port: 1, atUs: n }), 0));

  it("are kept, and what was only counted before comes back", () => {
    const recalled: CapturedPacket[] = [];
    const fans = new Fans((one) => recalled.push(one));
    spray(fans);
    const answer = { ...syn, from: 1, port: 2_000, atUs: 5_000 };
    expect(fans.isBeyond(packet(NB, NA, answer), 0)).toBe(false);
    expect(recalled).toEqual([
      {
        iface: 0,
        direction: "in",
        atUs: 2_000,
        length: 40,
        bytes: packet(NA, NB, { ...syn, from: 2_000, port: 1, atUs: 0 }).bytes,
      },
    ]);
    // it is no more among those that are only counted, and is kept when it comes again
    expect(fans.totals(["out"])).toMatchObject([{ packets: count - 1 }]);
    expect(fans.isBeyond(packet(NA, NB, { ...syn, from: 2_000, port: 1, atUs: 5_001 }), 0)).toBe(false);
    expect(recalled).toHaveLength(1);
  });

  it("are kept where they are the later one, beyond what is kept", () => {
    const fans = new Fans(() => expect.unreachable()); // the first was kept
    fans.isBeyond(packet(NB, NA, { ...syn, from: 1, port: 2_000, atUs: 0 }), 0);
    const beyond = spray(fans);
    expect(beyond.flatMap((one, n) => (n >= KEPT_PER_FAN && !one ? [n] : []))).toEqual([2_000]);
    expect(fans.totals(["out"])).toMatchObject([{ packets: count - 1 }]);
  });

  it.each([
    ["sent again in the same direction", packet(NA, NB, { ...syn, from: 2_000, port: 1, atUs: 1 }), 0],
    ["at another interface", packet(NB, NA, { ...syn, from: 1, port: 2_000, atUs: 1 }), 1],
    ["between other ports", packet(NB, NA, { ...syn, from: 2_000, port: 1, atUs: 1 }), 0],
  ])("are not those %s", (_, other, iface) => {
    const fans = new Fans(() => expect.unreachable());
    spray(fans);
    fans.isBeyond(other, iface);
    expect(fans.totals(["out", "in"])[0]?.packets).toBeGreaterThanOrEqual(count);
  });

  it("are those of the first so many that are remembered", () => {
    const crossings = new Crossings<string>(2);
    for (const from of [1, 2, 3]) crossings.note(packet(NA, NB, { ...syn, from, port: 9, atUs: from }), 0, "fan");
    const crossed = [1, 2, 3].map((port) => crossings.note(packet(NB, NA, { ...syn, from: 9, port, atUs: 10 }), 0));
    expect(crossed.map((one) => one?.map(({ fan, atUs }) => [fan, atUs]))).toEqual([
      [["fan", 1]],
      [["fan", 2]],
      undefined,
    ]);
  });
});
