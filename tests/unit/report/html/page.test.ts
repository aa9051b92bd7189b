import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRun } from "../../../../orchestrator/report/directory.ts";
import type { CellResult, RunReport } from "../../../../orchestrator/report/events.ts";
import { writePage } from "../../../../orchestrator/report/html/write.ts";
import { readPcapng } from "../../../../wire/pcapng-reader.ts";
import { buildViewer } from "../../../../scripts/viewer.ts";
import { noBrowser, openBrowser, openFile } from "../../../kit/browser.ts";
import { withRecordedRun } from "./recorded-run.ts";

const HOSTILE = `<img src=x onerror=alert(1)>\u001b[31m</script><script>alert(2)</script>\u202e`;

describe.skipIf(noBrowser)("report.html in a browser", { timeout: 90_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    await buildViewer();
    browser = await openBrowser();
  }, 90_000);
  afterAll(() => browser?.close());

  /** Opens a run's page from file://, and sees to it that nothing went wrong in it. */
  async function withPage(
    { dir }: RunReport,
    use: (page: Page) => Promise<void>,
    { hash = "", before }: { readonly hash?: string; readonly before?: RunReport } = {},
  ): Promise<void> {
    const path = join(dir, "report.html");
    await writePage(path, await readRun(dir), before ? { before } : {});
    const { page, troubles } = await openFile(browser, path, hash);
    try {
      await use(page);
      expect(troubles).toEqual([]);
    } finally {
      await page.close();
    }
  }

  it("shows the matrix, filters it, and opens a cell by a click and by its address", async () => {
    await withRecordedRun(["direct-crossed", "reset-by-nat", "filtered"], async (report) => {
      const [direct, reset] = report.cells.map(({ cell }) => cell.id);
      await withPage(report, async (page) => {
        expect(await page.locator("table.grid a.cell").count()).toBe(3);
        expect(await page.locator(".counts").textContent()).toContain("3 cells");
        await page.keyboard.press("/");
        await page.keyboard.type("RESET-by");
        await page.locator("output", { hasText: /^1 of 3/ }).waitFor();
        await page.keyboard.press("Escape");
        await page.locator("a.cell:not(.faded)").focus();
        await page.keyboard.press("Enter");
        await page.waitForSelector(".ladder");
        expect(decodeURIComponent(new URL(page.url()).hash)).toBe(`#cell/${reset}`);
        expect(await page.locator(".reason").textContent()).toContain("blocked: reset-by-nat at NB");
        await page.keyboard.press("p");
        await page.locator(".reason", { hasText: "direct" }).waitFor();
        expect(await page.locator(".id").textContent()).toBe(direct);
        await page.keyboard.press("Escape");
        await page.waitForSelector("table.grid");
      });
    });
  });

  it("leads from the cause to its packet, and shows that packet's fields and bytes at every place", async () => {
    await withRecordedRun(["reset-by-nat"], async (report) => {
      await withPage(
        report,
        async (page) => {
          await page.getByRole("link", { name: "the packet that shows it" }).click();
          const opened = page.locator("li.decisive .opened");
          await opened.waitFor();
          expect(await page.locator("li.decisive .words").textContent()).toMatch(/RST/);
          expect(await opened.locator("dl").textContent()).toContain("RST+ACK");
          const first = await opened.locator(".hex").textContent();
          expect(first).toMatch(/^0000 45 /);
          await opened.locator(".places button").last().click();
          expect(await opened.locator(".hex").textContent()).not.toBe(first);
          expect(await opened.locator(".changed").count()).toBeGreaterThan(0);
          expect(new URL(page.url()).hash).toMatch(/\/trial-1\/step-\d+$/);
        },
        { hash: `#cell/${encodeURIComponent(report.cells[0]!.cell.id)}` },
      );
    });
  });

  it("links the points of a proof to packets, and gives the capture away as it is in the run directory", async () => {
    await withRecordedRun(["direct-crossed"], async (report) => {
      await withPage(
        report,
        async (page) => {
          await page.getByRole("link", { name: /The packet for: assured in NA/ }).click();
          await page.waitForSelector("li.named .opened");
          const [download] = await Promise.all([
            page.waitForEvent("download"),
            page.getByRole("button", { name: /capture\.pcapng/ }).click(),
          ]);
          expect(download.suggestedFilename()).toMatch(/\.trial-1\.pcapng$/);
          const saved = await readFile(await download.path());
          expect(saved.equals(await readFile(join(report.dir, report.cells[0]!.dir, "trial-1/capture.pcapng")))).toBe(
            true,
          );
          expect(readPcapng(saved).end.kind).toBe("complete");
          await page.getByText("Rule-set of NA").click();
          expect(await page.locator("details[open] pre").textContent()).toContain("MASQUERADE");
          await page.getByText("The ladder as text").click();
          expect(await page.locator("details[open] pre").first().textContent()).toContain("SYN A:");
        },
        { hash: `#cell/${encodeURIComponent(report.cells[0]!.cell.id)}` },
      );
    });
  });

  it("shows hostile text as text", async () => {
    const poisoned = (result: CellResult): CellResult => ({
      ...result,
      cell: { ...result.cell, block: HOSTILE, id: result.cell.id },
      why: HOSTILE,
      surprise: true,
    });
    await withRecordedRun(
      ["reset-by-nat"],
      async (report) => {
        const [{ dir, cell }] = report.cells as [CellResult];
        const line = { event: "log", atUs: 1, what: HOSTILE, detail: { [HOSTILE]: HOSTILE }, node: "a" };
        writeFileSync(join(report.dir, dir, "trial-1/agents.jsonl"), `${JSON.stringify(line)}\n`);
        writeFileSync(join(report.dir, dir, "trial-1/na.rules"), HOSTILE);
        await withPage(report, async (page) => {
          expect(await page.locator("h2", { hasText: "<img src=x onerror" }).count()).toBe(1);
          expect(await page.locator(".troubles .why").textContent()).toContain("\\u{1b}[31m</script>");
          expect(await page.locator("img").count()).toBe(0);
          await page.locator("a.cell").click();
          await page.waitForSelector(".ladder");
          await page.getByText("Agents' logs").click();
          const text = await page.locator("body").innerText();
          expect(text).toContain("\\u{1b}[31m</script><script>alert(2)</script>\\u{202e}");
          for (const char of ["\u001b", "\u202e"]) expect(text).not.toContain(char);
          expect(await page.locator("img").count()).toBe(0);
          expect(await page.locator(".id").textContent()).toBe(cell.id);
        });
      },
      poisoned,
    );
  });

  it("says what is damaged or missing, and shows the rest", async () => {
    await withRecordedRun(["reset-by-nat", "direct-crossed", "filtered"], async (report) => {
      const [torn, gone, cut] = report.cells.map(({ dir }) => join(report.dir, dir, "trial-1"));
      truncateSync(join(torn!, "capture.pcapng"), 9000);
      rmSync(gone!, { recursive: true });
      writeFileSync(join(cut!, "evidence.json"), "{");
      await withPage(report, async (page) => {
        const open = async (at: number) => {
          await page.goto(`${page.url().split("#")[0]}#cell/${encodeURIComponent(report.cells[at]!.cell.id)}`);
          await page.locator(".id", { hasText: report.cells[at]!.cell.id }).waitFor();
          await page.locator(".reason").waitFor();
          return page.locator("main").innerText();
        };
        const first = await open(0);
        expect(first).toMatch(/capture\.pcapng ends at byte \d+, behind \d+ packets/);
        expect(first).toContain("Trial 1: blocked");
        expect(await page.locator(".ladder li").count()).toBeGreaterThan(3);
        const second = await open(1);
        expect(second).toContain("There is no evidence of this trial.");
        expect(second).toContain("capture.pcapng is missing");
        expect(await open(2)).toContain("evidence.json cannot be read");
      });
    });
  });

  it("marks what changed since an earlier run", async () => {
    await withRecordedRun(["direct-crossed", "filtered"], async (report) => {
      const before = { ...report, id: "earlier", cells: [{ ...report.cells[0]!, verdict: "relayed" as const }] };
      await withPage(
        report,
        async (page) => {
          expect(await page.locator(".baseline").textContent()).toContain("1 cell compared, 1 changed, 1 only here");
          expect(await page.locator(".cell .delta").count()).toBe(1);
          await page.getByRole("button", { name: /^changed/ }).click();
          expect(await page.locator("a.cell:not(.faded)").count()).toBe(1);
        },
        { before },
      );
    });
  });
});
