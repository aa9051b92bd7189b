import fc from "fast-check";
import { u32ToIpv4, type Endpoint, type Ipv4, type Port } from "../../wire/address.ts";
import type { Ipv4Fields, Ipv4Option } from "../../wire/ipv4.ts";
import type { TcpFields } from "../../wire/tcp.ts";
import type { TcpOption } from "../../wire/tcp-options.ts";

export const u8s = fc.nat(0xff);
export const u16s = fc.nat(0xffff);
export const u32s = fc.nat(0xffffffff);
export const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const ipv4s: fc.Arbitrary<Ipv4> = u32s.map(u32ToIpv4);
const ports = u16s.map((value) => value as Port);
export const endpoints: fc.Arbitrary<Endpoint> = fc.record({ ip: ipv4s, port: ports });

const nops = fc.constant({ kind: "nop" } as const);

const ipv4Options: fc.Arbitrary<Ipv4Option> = fc.oneof(
  nops,
  fc.record({ kind: fc.constant("lsrr" as const), pointer: u8s, route: fc.array(ipv4s, { maxLength: 9 }) }),
  fc.record({ kind: fc.constant("unknown" as const), type: fc.integer({ min: 0x84, max: 0xff }), data: bytes(38) }),
);

const tcpOptions: fc.Arbitrary<TcpOption> = fc.oneof(
  nops,
  fc.record({ kind: fc.constant("mss" as const), bytes: u16s }),
  fc.record({ kind: fc.constant("windowScale" as const), shift: u8s }),
  fc.constant({ kind: "sackPermitted" } as const),
  fc.record({
    kind: fc.constant("sack" as const),
    blocks: fc.array(fc.record({ left: u32s, right: u32s }), { maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant("timestamps" as const), tsval: u32s, tsecr: u32s }),
  fc.record({ kind: fc.constant("unknown" as const), type: fc.integer({ min: 9, max: 0xff }), data: bytes(38) }),
);

/** Length of an option as RFC 791 and RFC 9293 draw it, written down apart from the code under test. */
function optionLength(option: Ipv4Option | TcpOption): number {
  switch (option.kind) {
    case "end":
    case "nop":
      return 1;
    case "mss":
      return 4;
    case "windowScale":
      return 3;
    case "sackPermitted":
      return 2;
    case "sack":
      return 2 + 8 * option.blocks.length;
    case "timestamps":
      return 10;
    case "lsrr":
      return 3 + 4 * option.route.length;
    case "unknown":
      return 2 + option.data.length;
    case "malformed":
      return option.bytes.length;
  }
}

export function optionsLength(options: readonly (Ipv4Option | TcpOption)[]): number {
  return options.reduce((sum, option) => sum + optionLength(option), 0);
}

/** At most 40 bytes, padded behind to a multiple of 4 as a reader sees it. */
function areas<T extends Ipv4Option | TcpOption>(options: fc.Arbitrary<T>): fc.Arbitrary<(T | { kind: "end" })[]> {
  return fc.array(options, { maxLength: 8 }).map((drawn) => {
    const area: (T | { kind: "end" })[] = [];
    for (const option of drawn) if (optionsLength([...area, option]) <= 40) area.push(option);
    while (optionsLength(area) % 4 !== 0) area.push({ kind: "end" });
    return area;
  });
}

export const ipv4Fields: fc.Arbitrary<Required<Ipv4Fields>> = fc.record({
  src: ipv4s,
  dst: ipv4s,
  ttl: u8s,
  id: u16s,
  protocol: u8s,
  tos: u8s,
  dontFragment: fc.boolean(),
  moreFragments: fc.boolean(),
  fragmentOffset: fc.nat(0x1fff).map((units) => units * 8),
  options: areas(ipv4Options),
  payload: bytes(64),
});

export const tcpFields: fc.Arbitrary<Required<TcpFields>> = fc.record({
  srcPort: ports,
  dstPort: ports,
  seq: u32s,
  ack: u32s,
  flags: fc.nat(0xfff),
  window: u16s,
  urgent: u16s,
  options: areas(tcpOptions),
  payload: bytes(64),
});
