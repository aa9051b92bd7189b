import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ladderOf } from "../../../../orchestrator/report/ladder/ladder.ts";
import { renderMermaid } from "../../../../orchestrator/report/ladder/mermaid.ts";
import type { Step } from "../../../../orchestrator/report/ladder/step.ts";
import { renderSvg } from "../../../../orchestrator/report/ladder/svg.ts";
import { visible } from "../../../../orchestrator/report/ladder/visible.ts";
import { recorded, RECORDINGS, type Recording } from "../../verdict/recorded/index.ts";

async function ladder(name: Recording) {
  const { cell, evidence } = await recorded(name);
  return ladderOf({ record: evidence, cell, evidence, every: false });
}

/** Steps that say whatever a log may hold. */
const spoken = (text: string): readonly Step[] => {
  const said = { atUs: 0, text: visible(text), decisive: false };
  return [
    { kind: "word", node: "a", ...said },
    {
      kind: "arrow",
      way: [
        { node: "a", mark: "from" },
        { node: "na", mark: "died" },
      ],
      both: false,
      end: { kind: "died", why: visible(text) },
      ...said,
    },
  ];
};
const anyText = fc.string({ unit: "binary", maxLength: 60 });

/** Tags in order, an opening one closed by its own; text and values without a character that XML does not allow there. */
function wellFormed(xml: string): boolean {
  const open: string[] = [];
  let rest = xml;
  while (rest !== "") {
    const tag = /^<(\/?)([a-z]+)((?: [a-zA-Z0-9-]+="[^"<&]*")*)(\/?)>/.exec(rest);
    const text = /^(?:[^<&\p{Cc}]|\n|&(?:amp|lt|gt|quot|#39);)+/u.exec(rest);
    if (tag?.[1]) {
      if (open.pop() !== tag[2]) return false;
    } else if (tag && !tag[4]) open.push(tag[2]!);
    else if (!tag && !text) return false;
    rest = rest.slice((tag ?? text)![0].length);
  }
  return open.length === 0;
}

describe("a ladder as SVG", () => {
  it.each(RECORDINGS)("is well-formed, and loads and runs nothing: %s", async (name) => {
    const { steps, startUs } = await ladder(name);
    const svg = renderSvg(steps, { startUs, title: name });
    expect(wellFormed(svg)).toBe(true);
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/<script|href|url\(|https?:|\son\w+=/);
    expect(svg.match(/<g[ >]/g)).toHaveLength(steps.length);
  });

  it("has a lane per node, a cross where a packet died, and the cause in bold", async () => {
    const { steps, startUs } = await ladder("reset-by-nat");
    const svg = renderSvg(steps, { startUs, title: "t" });
    expect([...svg.matchAll(/text-anchor="middle">(\w+)</g)].map(([, name]) => name)).toEqual([
      "A",
      "NA",
      "R",
      "X",
      "NB",
      "B",
    ]);
    expect(svg.match(/<g class="decisive">/g)).toHaveLength(1);
    expect(svg).toMatch(/<polyline class="way died" points="90,(\d+) 174,\1 258,\1 426,\1"\/>/);
  });

  it("is well-formed whatever is said in it", () => {
    fc.assert(
      fc.property(anyText, (text) => wellFormed(renderSvg(spoken(text), { startUs: 0, title: visible(text) }))),
    );
  });
});

describe("a ladder as Mermaid text", () => {
  it("has the nodes in order, an arrow from where a packet was sent to where it ended, and how", async () => {
    const { steps, startUs } = await ladder("reset-by-nat");
    const lines = renderMermaid(steps, { startUs }).trimEnd().split("\n");
    expect(lines.slice(0, 7)).toEqual([
      "sequenceDiagram",
      ...["A", "NA", "R", "X", "NB", "B"].map((node) => `  participant ${node}`),
    ]);
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^ {2}A-xNB: \d+\.\d\d ms SYN A:55776 as NA:55776 → NB:55776, ttl 64→62<br\/>✗ NB answered with RST/,
      ),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^ {2}NB->>A: ◀ \d+\.\d\d ms RST\+ACK NB:55776 → NA:55776 for A:55776/),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}B<<->>X: .* × signalling B:\d+ … ↔ X:7000/));
    expect(lines).toHaveLength(7 + steps.length);
  });

  it("keeps to one statement a line whatever is said in it", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const lines = renderMermaid(spoken(text), { startUs: 0 }).trimEnd().split("\n");
        expect(lines).toHaveLength(5);
        for (const line of lines.slice(3)) expect(line.replace(/#\d+;|<br\/>|-x|->>/g, "")).not.toMatch(/[;<>&%]|#/);
      }),
    );
  });
});
