import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HELLO_BYTES, helloOf } from "../../wire/hello.ts";

describe("the hello", () => {
  const words = fc.stringMatching(/^[0-9a-f]{1,24}$/);

  it("has one length, begins with the protocol's name and repeats itself", () => {
    fc.assert(
      fc.property(words, words, (session, key) => {
        const hello = helloOf("a", session, key);
        expect(hello).toHaveLength(HELLO_BYTES);
        expect(hello.toString("latin1", 0, 8)).toBe("natbed1a");
        expect(helloOf("a", session, key)).toEqual(hello);
      }),
    );
  });

  it("of another role, session or key is another one", () => {
    fc.assert(
      fc.property(words, words, words, (session, key, other) => {
        fc.pre(other !== session && other !== key);
        const hello = helloOf("a", session, key);
        // behind the role's own letter too: it is part of what is hashed
        expect(helloOf("b", session, key).subarray(8)).not.toEqual(hello.subarray(8));
        expect(helloOf("a", other, key)).not.toEqual(hello);
        expect(helloOf("a", session, other)).not.toEqual(hello);
      }),
    );
  });
});
