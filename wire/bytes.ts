// Reads behind the end give 0 instead of throwing: decoders check lengths once, up front, and then read freely.

export function u8(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** Network byte order. */
export function u16be(bytes: Uint8Array, at: number): number {
  return (u8(bytes, at) << 8) | u8(bytes, at + 1);
}

/** Network byte order. */
export function u32be(bytes: Uint8Array, at: number): number {
  return ((u16be(bytes, at) << 16) | u16be(bytes, at + 2)) >>> 0;
}

export function u16le(bytes: Uint8Array, at: number): number {
  return u8(bytes, at) | (u8(bytes, at + 1) << 8);
}

export function u32le(bytes: Uint8Array, at: number): number {
  return (u16le(bytes, at) | (u16le(bytes, at + 2) << 16)) >>> 0;
}

/** Network byte order; higher bits are dropped. */
export function putU16be(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** Network byte order; higher bits are dropped. */
export function putU32be(bytes: Uint8Array, at: number, value: number): void {
  putU16be(bytes, at, value >>> 16);
  putU16be(bytes, at + 2, value);
}

export function putU16le(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}

export function putU32le(bytes: Uint8Array, at: number, value: number): void {
  putU16le(bytes, at, value);
  putU16le(bytes, at + 2, value >>> 16);
}

/** The next multiple of 4, which IP and TCP headers, netlink and pcapng all pad to. */
export function align4(length: number): number {
  return (length + 3) & ~3;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
