import { stripVTControlCharacters, styleText } from "node:util";
import { describe, expect, it } from "vitest";
import type { Evidence } from "../../../../orchestrator/evidence/types.ts";
import { renderLadder } from "../../../../orchestrator/report/ladder/ascii.ts";
import { ladderOf, type Ladder } from "../../../../orchestrator/report/ladder/ladder.ts";
import { renderExplanation } from "../../../../orchestrator/report/ladder/page.ts";
import type { Arrow } from "../../../../orchestrator/report/ladder/step.ts";
import { visible } from "../../../../orchestrator/report/ladder/visible.ts";
import { plain } from "../../../../orchestrator/report/words.ts";
import { recorded, RECORDINGS, type Recording } from "../../verdict/recorded/index.ts";

async function ladder(
  name: Recording,
  change: (evidence: Evidence) => Evidence = (evidence) => evidence,
  every = false,
): Promise<Ladder> {
  const { cell, evidence: whole } = await recorded(name);
  const evidence = change(whole);
  return ladderOf({ record: evidence, cell, evidence, every });
}

const draw = (one: Ladder, columns: number) => renderLadder(one.steps, { startUs: one.startUs, paint: plain, columns });
const arrows = ({ steps }: Ladder): Arrow[] => steps.filter((step) => step.kind === "arrow");
/** The lines from the first that holds `text` on. */
const from = (drawn: string, text: string, count: number): string[] => {
  const lines = drawn.split("\n");
  return lines.slice(lines.findIndex((line) => line.includes(text))).slice(0, count);
};

describe("a ladder", () => {
  it("shows a SYN on its way through a NAT to the one that answered it with RST", async () => {
    const drawn = draw(await ladder("reset-by-nat"), 120);
    expect(drawn.split("\n")[0]).toBe("      ms  A          NA           R           X          NB           B");
    expect(
      from(drawn, "  SYN A:", 2).map((line) => line.replace(/ +\d+\.\d\d /, "").replace(/\d\.\d ms/, "# ms")),
    ).toEqual([
      expect.stringMatching(/^ o─{11}◆─{11}┼─{11}│─{11}✗ {11}│ {2}SYN A:55776 as NA:55776 → NB:55776, ttl 64→62$/),
      expect.stringMatching(/^ +│ {11}│ {11}│ {11}│ {11}│ {11}│ {2}✗ NB answered with RST # ms later$/),
    ]);
    expect(from(drawn, "RST+ACK", 1)[0]).toMatch(
      / │<─{10}◆─{11}┼─{11}│─{11}o {11}│ {2}◀ RST\+ACK NB:55776 → NA:55776 for A:55776/,
    );
  });

  it.each([40, 80, 120, 200])(
    "fits %i columns, and in each every lane goes through from top to bottom",
    async (columns) => {
      for (const name of ["reset-by-nat", "direct-carriers", "no-collision", "mispredicted-neighbour"] as const) {
        const lines = draw(await ladder(name), columns)
          .trimEnd()
          .split("\n");
        const lanes = lines[1]!
          .split("")
          .flatMap((char, index) => (index >= 9 && "│o✗◆┼<>*─".includes(char) ? [index] : []));
        const least = 9 + Math.max(...lanes) + 30;
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(columns, least));
      }
    },
  );

  it.each(RECORDINGS)("has a line for every row or a fold of it: %s", async (name) => {
    const { steps } = await ladder(name, undefined, true);
    const folded = await ladder(name);
    expect(folded.steps.length).toBeLessThan(steps.length);
    expect(folded.steps.length + folded.hidden).toBe(steps.length);
    expect(draw(folded, 100).split("\n").length).toBeLessThan(260);
  });

  it("folds bulk data both ways, a flood, and signalling, each into one line with its count", async () => {
    const texts = arrows(await ladder("direct-forged")).map(({ text, both }) => `${both ? "both " : ""}${text}`);
    expect(texts).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^both \d+ × segments A:\d+ ↔ NB:\d+, \d+ B, \d+ of them not followed to the end, over/),
      ]),
    );
    expect(texts.filter((text) => /× segments A/.test(text))).toHaveLength(1);
    expect(texts).toEqual(
      expect.arrayContaining([expect.stringMatching(/^both \d+ × signalling [AB]:\d+ … ↔ X:7000/)]),
    );
    const noisy = arrows(await ladder("port-exhausted")).find(({ text }) => /^12 × SYN A:\d+ → X:7001/.test(text));
    expect(noisy?.end).toEqual({
      kind: "died",
      why: "NA opened no mapping for it: no outside port or session was free",
    });
  });

  it("marks the packet that shows the cause, and no other", async () => {
    for (const name of [
      "reset-by-nat",
      "filtered",
      "icmp-killed-connect",
      "mapping-mispredicted",
      "reset-by-host",
      "out-of-state-leak",
    ] as const) {
      const decisive = arrows(await ladder(name)).filter((step) => step.decisive);
      expect(decisive.length, name).toBeGreaterThanOrEqual(1);
      expect(decisive.length, name).toBeLessThanOrEqual(2);
    }
    expect(arrows(await ladder("direct-forged")).filter((step) => step.decisive)).toEqual([]);
  });

  it("says that X forged a packet, and whose name it bears", async () => {
    const forged = arrows(await ladder("direct-forged")).filter(({ text }) => text.includes("forged"));
    expect(forged.map(({ text }) => text.replace(/:\d+/g, ""))).toEqual([
      "SYN+ACK NB → NA for A, forged, ttl 64→62",
      "SYN+ACK NA → NB for B, forged, ttl 64→62",
    ]);
    for (const { way } of forged) expect(way[0]).toEqual({ node: "x", mark: "from" });
  });

  it("draws a packet to X as a way past R's lane, and one that ended at R up to it", async () => {
    const drawn = draw(await ladder("direct-forged"), 120);
    expect(from(drawn, "data A:", 1)[0]).toMatch(/ o─{11}◆─{11}│─{10}>│ {11}│ {11}│ {2}data/);
    expect(from(drawn, "SYN B:51040 as", 1)[0]).toMatch(/ {2}│ {11}│ {11}✗─{11}│─{11}◆─{11}o {2}SYN B/);
  });
});

describe("hostile text", () => {
  const HOSTILE = "\u001b[31mred\u001b[0m\u0007\r\n\u202Egnp.exe\u200b<script>alert(1)</script>\u0000\ud800";
  const spoilt = (evidence: Evidence): Evidence => ({
    ...evidence,
    logs: [
      {
        event: "log",
        node: "a",
        atUs: evidence.startedAtUs,
        what: HOSTILE,
        detail: { [HOSTILE]: HOSTILE, to: { ip: HOSTILE as never, port: 1 as never } },
      },
      ...evidence.logs,
    ],
    attempts: { ...evidence.attempts, a: { ok: false, failure: "deadline", detail: HOSTILE } },
  });

  it("is shown with escapes, and moves no cursor", async () => {
    const one = await ladder("filtered", spoilt);
    const text = renderExplanation(one, { title: visible(HOSTILE), paint: plain, columns: 100 });
    expect(text).toContain("\\u{1b}[31mred\\u{1b}[0m\\u{7}\\u{d}\\u{a}\\u{202e}gnp.exe\\u{200b}<script>");
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });

  it("leaves colours to the program", async () => {
    const paint = (style: Parameters<typeof styleText>[0], text: string) =>
      styleText(style, text, { validateStream: false });
    const one = await ladder("filtered", spoilt);
    const painted = renderExplanation(one, { title: "t", paint, columns: 100 });
    expect(painted).not.toBe(stripVTControlCharacters(painted));
    expect(stripVTControlCharacters(painted)).toBe(renderExplanation(one, { title: "t", paint: plain, columns: 100 }));
  });
});

describe("an explanation", () => {
  it("says what came of it and why, with names for addresses", async () => {
    const text = renderExplanation(await ladder("reset-by-nat"), {
      title: "cell, trial-1",
      paint: plain,
      columns: 400,
    });
    expect(text.split("\n").slice(0, 3)).toEqual([
      "cell, trial-1",
      "blocked: reset-by-nat at NB",
      expect.stringMatching(
        /^ {2}NB answered A's SYN from NA:55776 to NB:55776 with RST 0\.1 ms after it arrived; unsolicitedSyn=reset$/,
      ),
    ]);
  });

  it("judges nothing where the evidence is not whole", async () => {
    const { cell, evidence } = await recorded("reset-by-nat");
    const one = ladderOf({ record: evidence, cell, evidence: undefined, every: false });
    expect(renderExplanation(one, { title: "t", paint: plain, columns: 80 })).toContain(
      "not judged: the evidence is not whole",
    );
  });
});
