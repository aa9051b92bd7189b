import { ipv4ToU32, type AddressPair } from "./address.ts";

/** Adds 16-bit words to a running sum without folding (RFC 1071 §4.1); an odd last byte counts as the high one. */
export function sumWords(bytes: Uint8Array, start = 0): number {
  let sum = start;
  const even = bytes.length & ~1;
  // Sums of 64 KiB stay far below 2^53, so carries are folded once, at the end.
  for (let at = 0; at < even; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (even < bytes.length) sum += (bytes[even] ?? 0) << 8;
  return sum;
}

/** Folds the carries of a running sum into 16 bits (RFC 1071 §2). */
function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return folded;
}

/** Internet checksum (RFC 1071): 0 over bytes that already carry a right checksum. `start` is a sum to begin with. */
export function internetChecksum(bytes: Uint8Array, start = 0): number {
  return fold(sumWords(bytes, start)) ^ 0xffff;
}

/** Checksum after one 16-bit word changed from `before` to `after` (RFC 1624 §3, equation 3). */
export function updateChecksum(checksum: number, before: number, after: number): number {
  return fold((checksum ^ 0xffff) + (before ^ 0xffff) + after) ^ 0xffff;
}

/** Sum of the pseudo header (RFC 9293 §3.1) to start a TCP or UDP checksum with; `length` is header and payload in bytes. */
export function sumPseudoHeader({ src, dst }: AddressPair, protocol: number, length: number): number {
  const [from, to] = [ipv4ToU32(src), ipv4ToU32(dst)];
  return (from >>> 16) + (from & 0xffff) + (to >>> 16) + (to & 0xffff) + protocol + length;
}
