import type { CellContent, Overview } from "../../orchestrator/report/html/content.ts";

/** What stands behind the program in the page: gzip in base64, each in an element of its own. */
export const readOverview = async (): Promise<Overview> => (await readJson("overview")) as Overview;

/** A cell's evidence; undefined where it did not fit into the page. */
export const readCell = async (number: number): Promise<CellContent | undefined> =>
  (await readJson(`cell-${number}`)) as CellContent | undefined;

export const hasCapture = (number: number, trial: number): boolean =>
  document.getElementById(captureId(number, trial)) !== null;

/** A trial's pcapng, as a file. */
export async function readCapture(number: number, trial: number): Promise<Blob | undefined> {
  const stream = unpacked(captureId(number, trial));
  return stream && new Blob([await new Response(stream).arrayBuffer()], { type: "application/x-pcapng" });
}

const captureId = (number: number, trial: number): string => `capture-${number}-${trial}`;

async function readJson(id: string): Promise<unknown> {
  const stream = unpacked(id);
  return stream && (JSON.parse(await new Response(stream).text()) as unknown);
}

function unpacked(id: string): ReadableStream<Uint8Array<ArrayBuffer>> | undefined {
  const text = document.getElementById(id)?.textContent;
  if (text === undefined) return undefined;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
}
