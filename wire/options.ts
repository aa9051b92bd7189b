import { u8 } from "./bytes.ts";

/** Bytes 0 and 1 stand alone in the option areas of IPv4 (RFC 791 §3.1) and TCP (RFC 9293 §3.2); others carry a length. */
const END = 0;
const NOP = 1;
/** Both headers count their length in 4 bits of 32-bit words, which leaves 60 − 20 bytes. */
const MAX_AREA = 40;

/** One option as both protocols lay it out. `malformed` holds the rest of an area that cannot be read further. */
export type RawOption =
  | { readonly kind: "end" }
  | { readonly kind: "nop" }
  | { readonly kind: "tlv"; readonly type: number; readonly data: Uint8Array }
  | { readonly kind: "malformed"; readonly bytes: Uint8Array };

/** Splits an option area so that {@link joinOptions} gives the same bytes: each padding byte is an `end` of its own. */
export function splitOptions(area: Uint8Array): RawOption[] {
  const options: RawOption[] = [];
  for (let at = 0; at < area.length;) {
    const option = optionAt(area, at);
    options.push(option);
    at += lengthOf(option);
  }
  return options;
}

function optionAt(area: Uint8Array, at: number): RawOption {
  const rest = area.subarray(at);
  const type = u8(area, at);
  if (type === END) return rest.every((byte) => byte === END) ? { kind: "end" } : { kind: "malformed", bytes: rest };
  if (type === NOP) return { kind: "nop" };
  const length = u8(area, at + 1);
  if (length < 2 || length > rest.length) return { kind: "malformed", bytes: rest };
  return { kind: "tlv", type, data: rest.subarray(2, length) };
}

function lengthOf(option: RawOption): number {
  switch (option.kind) {
    case "end":
    case "nop":
      return 1;
    case "tlv":
      return option.data.length + 2;
    case "malformed":
      return option.bytes.length;
  }
}

/** Lays options out one after another, padded with `end` to a multiple of 4. Throws RangeError above 40 bytes. */
export function joinOptions(options: readonly RawOption[]): Uint8Array {
  const length = options.reduce((sum, option) => sum + lengthOf(option), 0);
  if (length > MAX_AREA) throw new RangeError(`options need ${length} bytes, a header has room for ${MAX_AREA}`);
  const area = new Uint8Array((length + 3) & ~3);
  let at = 0;
  for (const option of options) {
    putOption(area, at, option);
    at += lengthOf(option);
  }
  return area;
}

function putOption(area: Uint8Array, at: number, option: RawOption): void {
  switch (option.kind) {
    case "end":
      return;
    case "nop":
      area[at] = NOP;
      return;
    case "tlv":
      area.set([option.type, option.data.length + 2], at);
      area.set(option.data, at + 2);
      return;
    case "malformed":
      area.set(option.bytes, at);
  }
}
