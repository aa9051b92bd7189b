import fc from "fast-check";
import { expect, it } from "vitest";
import type { Parsed } from "../../wire/json-line.ts";

/** What holds for every dialect of JSON lines: what is said is understood, and nothing else is, whoever says it. */
export function itIsADialect(
  parse: (line: string) => Parsed<object>,
  messages: fc.Arbitrary<object>,
  tooLarge = 2 ** 32,
): void {
  it("survives the way over the wire", () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(parse(JSON.stringify(message))).toEqual({ ok: true, message });
      }),
    );
  });

  it("with a key that nobody knows is refused, at any depth", () => {
    fc.assert(
      fc.property(messages, fc.constantFrom("extra", "__proto__", "constructor", "T"), (message, key) => {
        for (const line of withExtraKey(message, key)) expect(parse(line)).toMatchObject({ ok: false });
      }),
    );
  });

  it("with any of its values of another type is refused", () => {
    const wrong = fc.constantFrom<unknown>(null, [], {}, -1, 0.5, tooLarge, "", "x".repeat(201));
    fc.assert(
      fc.property(messages, wrong, (message, value) => {
        for (const changed of withEachValue(message, value)) expect(parse(JSON.stringify(changed)).ok).toBe(false);
      }),
    );
  });

  it("that lacks a part is refused", () => {
    fc.assert(
      fc.property(messages, (message) => {
        for (const key of Object.keys(message)) {
          const { [key]: _gone, ...rest } = message as Record<string, unknown>;
          expect(parse(JSON.stringify(rest)).ok).toBe(false);
        }
      }),
    );
  });

  it("is refused with a reason, never a throw, whatever the line holds", () => {
    const isSaid = (line: string): void => {
      const parsed = parse(line);
      if (!parsed.ok) expect(parsed.error).not.toBe("");
    };
    fc.assert(fc.property(fc.string({ unit: "binary" }), isSaid));
    fc.assert(fc.property(fc.json(), isSaid));
    fc.assert(fc.property(fc.constantFrom("t", "toString", "hasOwnProperty"), (t) => isSaid(JSON.stringify({ t }))));
    fc.assert(
      fc.property(messages, fc.nat(), (message, at) => {
        const line = JSON.stringify(message);
        isSaid(line.slice(0, at % line.length));
      }),
    );
  });
}

/** The message as text with one key more, in itself and in each object inside. */
function withExtraKey(message: object, key: string): string[] {
  const text = JSON.stringify(message);
  return [...text.matchAll(/\{/g)]
    .filter(({ index }) => isStructure(text, index))
    .map(({ index }) => `${text.slice(0, index + 1)}${JSON.stringify(key)}:1,${text.slice(index + 1)}`);
}

/** Whether the character stands outside of every string. */
function isStructure(text: string, index: number): boolean {
  return (text.slice(0, index).match(/(?<!\\)(?:\\\\)*"/g) ?? []).length % 2 === 0;
}

function withEachValue(message: object, value: unknown): unknown[] {
  return Object.entries(message).flatMap(([key, old]: [string, unknown]) => {
    const inner = typeof old === "object" && old !== null ? withEachValue(old, value) : [value];
    return inner.map((changed) => ({ ...message, [key]: changed }));
  });
}
