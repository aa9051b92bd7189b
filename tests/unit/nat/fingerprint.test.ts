import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fingerprint } from "../../../wire/fingerprint.ts";
import { decodeFingerprint, encodeFingerprint } from "../../../orchestrator/nat/fingerprint.ts";
import { completeModel } from "../../../orchestrator/nat/model.ts";
import { draws, models, seeds } from "./arbitrary.ts";
import { observe } from "./simulated.ts";

const fingerprints = fc.tuple(models, seeds).map(([model, seed]) => observe(model, draws(seed)));
const one = observe(completeModel({ ports: { kind: "preserve" } }), draws(1));

/** What mail programs, trackers and people do to text. */
const DAMAGELESS: Record<string, (text: string) => string> = {
  "as it is": (text) => text,
  "in the middle of a letter": (text) => `Hello,\n\nit does not connect:\n\n${text}\nRegards\n`,
  quoted: (text) => text.replaceAll(/^/gm, "> "),
  "quoted twice": (text) => text.replaceAll(/^/gm, "> > "),
  "quoted with a name": (text) => text.replaceAll(/^/gm, "Ann> "),
  "with CR LF": (text) => text.replaceAll("\n", "\r\n"),
  indented: (text) => text.replaceAll(/^/gm, "\t    "),
  "wrapped at 40 columns": (text) =>
    text.replaceAll(/^[A-Za-z0-9+/]{50,}$/gm, (line) => line.replaceAll(/.{40}/g, "$&\n")),
  "as quoted-printable": (text) =>
    text.replaceAll(/^[A-Za-z0-9+/]{50,}$/gm, (line) => line.replaceAll(/.{40}/g, "$&=\n")),
  "escaped for HTML": (text) => text.replaceAll(/^/gm, "&gt; "),
};

describe("a fingerprint block", () => {
  it.each(Object.entries(DAMAGELESS))("is read back %s", (_, distort) => {
    fc.assert(
      fc.property(fingerprints, (fingerprint) => {
        expect(decodeFingerprint(distort(encodeFingerprint(fingerprint)))).toEqual({ ok: true, value: fingerprint });
      }),
      { numRuns: 20 },
    );
  });

  it("is read back from JSON", () => {
    expect(decodeFingerprint(`\n${JSON.stringify(one, undefined, 2)}\n`)).toEqual({ ok: true, value: one });
  });

  it("says to its reader what was measured, in lines that no mail program breaks", () => {
    const lines = encodeFingerprint(one).split("\n");
    expect(lines).toContain("  mapping                endpoint-independent");
    expect(lines.every(({ length }) => length <= 72)).toBe(true);
    expect(lines.length).toBeLessThan(60);
  });
});

describe("what is no fingerprint", () => {
  const block = encodeFingerprint(one);
  const json = (change: object) => JSON.stringify({ ...one, ...change });

  it.each([
    ["no block", "Hello,\nit does not connect.", /no line says -----BEGIN NATBED FINGERPRINT-----/],
    ["a block without its end", block.slice(0, block.length / 2), /cut off: no line says -----END/],
    ["a block that lost a line", withoutLine(block, 25), /^damaged: /],
    ["a foreign character", block.replace(/^([A-Za-z0-9+/]{60})$/m, "$1é"), /^damaged: "é" does not belong/],
    ["another version", json({ version: 2 }), /version 2 is newer than this natbed, which reads version 1/],
    ["a wrong address", json({ inside: ["10.1.0.300"] }), /inside\.0: not an IPv4 address: "10\.1\.0\.300"/],
    [
      "a wrong port",
      json({ outOfState: { ran: true, mapping: { ip: "192.0.2.2", port: 65_536 } } }),
      /outOfState\.mapping\.port: /,
    ],
    ["a missing test", json({ hairpin: undefined }), /^hairpin: /],
    ["something else in JSON", "{}", /^version: /],
    ["broken JSON", "{", /^not JSON: /],
  ])("is refused with a reason: %s", (_, text, reason) => {
    expect(decodeFingerprint(text)).toEqual({ ok: false, error: expect.stringMatching(reason) as string });
  });

  it("never makes the reader throw", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(block.length), fc.nat(block.length), (text, from, to) => {
        const read = decodeFingerprint(block.slice(0, from) + text + block.slice(to));
        expect(read.ok || read.error.length > 0).toBe(true);
      }),
    );
  });

  it("does not unpack without end", () => {
    const bomb = { ...one, takenAt: "0".repeat(2 << 20) };
    expect(decodeFingerprint(encodeFingerprint(bomb as Fingerprint))).toMatchObject({ ok: false });
  });
});

function withoutLine(text: string, at: number): string {
  return text
    .split("\n")
    .filter((_, index) => index !== at)
    .join("\n");
}
