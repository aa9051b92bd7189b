import { putU16be, putU32be, u16be, u32be, u8 } from "./bytes.ts";
import type { RawOption } from "./options.ts";

/** Option kinds and the length of their data: MSS RFC 9293 §3.2, scale and timestamps RFC 7323 §2.2 and §3.2, SACK RFC 2018 §2 and §3. */
const KIND = { mss: 2, windowScale: 3, sackPermitted: 4, sack: 5, timestamps: 8 };
const SACK_BLOCK = 8;

/** A range of received bytes, `right` being the first one behind it. */
export interface SackBlock {
  readonly left: number;
  readonly right: number;
}

export type TcpOption =
  | { readonly kind: "end" }
  | { readonly kind: "nop" }
  | { readonly kind: "mss"; readonly bytes: number }
  | { readonly kind: "windowScale"; readonly shift: number }
  | { readonly kind: "sackPermitted" }
  | { readonly kind: "sack"; readonly blocks: readonly SackBlock[] }
  | { readonly kind: "timestamps"; readonly tsval: number; readonly tsecr: number }
  | { readonly kind: "unknown"; readonly type: number; readonly data: Uint8Array }
  | { readonly kind: "malformed"; readonly bytes: Uint8Array };

/** Gives an option its meaning; a known kind with an unusual length stays `unknown`, byte by byte. */
export function typedTcpOption(option: RawOption): TcpOption {
  if (option.kind !== "tlv") return option;
  const { type, data } = option;
  if (type === KIND.mss && data.length === 2) return { kind: "mss", bytes: u16be(data, 0) };
  if (type === KIND.windowScale && data.length === 1) return { kind: "windowScale", shift: u8(data, 0) };
  if (type === KIND.sackPermitted && data.length === 0) return { kind: "sackPermitted" };
  if (type === KIND.sack && data.length % SACK_BLOCK === 0) return { kind: "sack", blocks: sackBlocks(data) };
  if (type === KIND.timestamps && data.length === 8)
    return { kind: "timestamps", tsval: u32be(data, 0), tsecr: u32be(data, 4) };
  return { kind: "unknown", type, data };
}

/** The bytes of an option. */
export function rawTcpOption(option: TcpOption): RawOption {
  switch (option.kind) {
    case "mss": {
      const data = new Uint8Array(2);
      putU16be(data, 0, option.bytes);
      return { kind: "tlv", type: KIND.mss, data };
    }
    case "windowScale":
      return { kind: "tlv", type: KIND.windowScale, data: Uint8Array.of(option.shift) };
    case "sackPermitted":
      return { kind: "tlv", type: KIND.sackPermitted, data: new Uint8Array(0) };
    case "sack":
      return { kind: "tlv", type: KIND.sack, data: words(option.blocks.flatMap(({ left, right }) => [left, right])) };
    case "timestamps":
      return { kind: "tlv", type: KIND.timestamps, data: words([option.tsval, option.tsecr]) };
    case "unknown":
      return { kind: "tlv", type: option.type, data: option.data };
    case "end":
    case "nop":
    case "malformed":
      return option;
  }
}

function sackBlocks(data: Uint8Array): SackBlock[] {
  const blocks: SackBlock[] = [];
  for (let at = 0; at < data.length; at += SACK_BLOCK)
    blocks.push({ left: u32be(data, at), right: u32be(data, at + 4) });
  return blocks;
}

function words(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  values.forEach((value, index) => putU32be(bytes, index * 4, value));
  return bytes;
}
