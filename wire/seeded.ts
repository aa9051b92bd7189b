import { createCipheriv, createHash } from "node:crypto";

/** `length` bytes that follow from `seed` alone: the key stream of AES-256-CTR under the seed's SHA-256. */
export function seededBytes(seed: string, length: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** `count` distinct ports out of from…to (inclusive), in random order, that follow from `seed` alone. */
export function seededPorts(seed: string, count: number, { from, to }: { from: number; to: number }): number[] {
  const size = to - from + 1;
  if (count > size) throw new RangeError(`${count} distinct ports out of ${size}`);
  const draws = seededBytes(seed, count * 4);
  const ports = Uint16Array.from({ length: size }, (_, index) => from + index);
  for (let index = 0; index < count; index += 1) {
    const other = index + (draws.readUInt32LE(index * 4) % (size - index)); // bias below 2^-16
    [ports[index], ports[other]] = [ports[other] as number, ports[index] as number];
  }
  return [...ports.subarray(0, count)];
}

const DRAWS_AT_ONCE = 1024;

/** Uniform numbers from 0 to below 1, without end, that follow from `seed` alone. */
export function* seededDraws(seed: string): Generator<number, never> {
  for (let block = 0; ; block += 1) {
    const bytes = seededBytes(`${seed}/${block}`, DRAWS_AT_ONCE * 4);
    for (let at = 0; at < bytes.length; at += 4) yield bytes.readUInt32LE(at) / 2 ** 32;
  }
}

/** SHA-256 as hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
