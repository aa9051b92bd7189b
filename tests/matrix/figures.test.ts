import { readFileSync } from "node:fs";
import { describe, expect, inject, it } from "vitest";
import { FIGURES } from "../../scripts/figures/catalogue.ts";
import { drawFigures } from "../../scripts/figures/draw.ts";

const noEngine = inject("noEngine");
const PAGE = readFileSync(new URL("../../docs/figures.md", import.meta.url), "utf8");

describe("docs/figures.md", () => {
  it("has every figure, with the command that shows its cell", () => {
    for (const { title, scenario, cell } of FIGURES) {
      const [section] = PAGE.split(`## ${title}\n`)[1]?.split("\n## ") ?? [];
      expect(section, title).toContain(`bin/natbed run scenarios/${scenario}.yaml -t ${cell}\n`);
    }
  });
});

describe.skipIf(noEngine)("the paper's figures", () => {
  it(
    "are drawn from real runs as docs/figures.md has them (make figures draws them anew)",
    { timeout: 300_000 },
    async () => {
      for (const { title, drawing } of await drawFigures()) {
        const [section] = PAGE.split(`## ${title}\n`)[1]!.split("\n## ");
        expect(section!.split("```text\n")[1]!.split("```")[0], title).toBe(drawing);
      }
    },
  );
});
