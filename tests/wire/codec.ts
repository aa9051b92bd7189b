import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Decoded } from "../../wire/decoded.ts";

/** What {@link checkCodec} needs to know of a protocol. `values` are those that decoding gives back as they were. */
export interface Codec<T> {
  readonly values: fc.Arbitrary<T>;
  readonly lengthOf: (value: T) => number;
  readonly encode: (value: T) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => Decoded<T>;
}

/** The facts that hold for every protocol. */
export function checkCodec<T>(name: string, { values, lengthOf, encode, decode }: Codec<T>): void {
  describe(`${name} codec`, () => {
    it("encodes to the length that the value has", () => {
      fc.assert(
        fc.property(values, (value) => {
          expect(encode(value)).toHaveLength(lengthOf(value));
        }),
      );
    });

    it("decodes what it encoded, and encodes that to the same bytes", () => {
      fc.assert(
        fc.property(values, (value) => {
          const bytes = encode(value);
          const read = valueOf(decode(bytes));
          expect(plain(read)).toEqual(plain(value));
          expect(encode(read)).toEqual(bytes);
        }),
      );
    });

    it("decodes from the middle of a bigger buffer", () => {
      fc.assert(
        fc.property(values, fc.uint8Array({ maxLength: 9 }), (value, around) => {
          const bytes = encode(value);
          const buffer = new Uint8Array([...around, ...bytes, ...around]);
          const view = buffer.subarray(around.length, around.length + bytes.length);
          expect(plain(valueOf(decode(view)))).toEqual(plain(value));
        }),
      );
    });

    it("says what is wrong with every truncation or reads a part, and never throws", () => {
      fc.assert(
        fc.property(values, (value) => {
          const bytes = encode(value);
          for (let length = 0; length < bytes.length; length++) isSaid(decode(bytes.subarray(0, length)));
          expect(decode(new Uint8Array(0)).ok).toBe(false);
        }),
        { numRuns: 30 },
      );
    });

    it("never throws on arbitrary bytes, nor on good ones with one byte changed", () => {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => isSaid(decode(bytes))));
      fc.assert(
        fc.property(values, fc.nat(), fc.nat(255), (value, at, byte) => {
          const bytes = encode(value);
          bytes[at % bytes.length] = byte;
          isSaid(decode(bytes));
        }),
      );
    });
  });
}

/** The value, or a failing test with the decoder's own words. */
export function valueOf<T>(result: Decoded<T>): T {
  if (!result.ok) throw new Error(`expected a value: ${result.error}`);
  return result.value;
}

export function errorOf(result: Decoded<unknown>): string {
  if (result.ok) throw new Error("expected an error, got a value");
  return result.error;
}

/** Hexadecimal with any white space. */
export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
}

function isSaid(result: Decoded<unknown>): void {
  if (!result.ok) expect(result.error).not.toBe("");
}

/** Views and whole arrays of the same bytes are equal. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}
