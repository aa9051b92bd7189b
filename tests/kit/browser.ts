import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";

const PROGRAMS = ["chromium", "google-chrome"];
const program = (process.env["PATH"] ?? "")
  .split(delimiter)
  .flatMap((folder) => PROGRAMS.map((name) => join(folder, name)))
  .find((path) => existsSync(path));
if (!program && process.env["REQUIRE_CHROMIUM"] === undefined)
  console.warn("skipped: chromium is not installed (Debian package chromium), REQUIRE_CHROMIUM is unset");

/** Whether tests in a real browser are to be skipped. */
export const noBrowser = !program && process.env["REQUIRE_CHROMIUM"] === undefined;

/** A headless browser; as root there is no sandbox to be had. */
export function openBrowser(): Promise<Browser> {
  if (!program) throw new Error(`none of ${PROGRAMS.join(", ")} is on the PATH`);
  return chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
}

/** A page of a file, and all that went wrong in it or that it wanted from anywhere else. */
export async function openFile(browser: Browser, path: string, hash = ""): Promise<{ page: Page; troubles: string[] }> {
  const page = await browser.newPage();
  const troubles: string[] = [];
  const url = pathToFileURL(path).href;
  page.on("console", (message) => troubles.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
  page.on("request", (request) => {
    // what the page hands to the reader as a file is no request to anybody
    if (request.url().split("#")[0] !== url && !request.url().startsWith("blob:"))
      troubles.push(`request: ${request.url()}`);
  });
  await page.goto(url + hash);
  await page.waitForSelector("h1");
  return { page, troubles };
}
