import type { Socket } from "node:net";
import { log } from "./channel.ts";

/** A guest that was refused may read so long why. */
const FAREWELL_MS = 1_000;
/** Refused guests that may read for so long at a time; others are told as well, but what they still say may cut that off. */
const MAX_FAREWELLS = 128;

const leaving = new WeakSet<Socket>();
let farewells = 0;

/** Tells a guest why it gets nothing more, hears nothing more from it, and closes. */
export function refuse(stream: Socket, reason: string): void {
  if (leaving.has(stream)) return;
  leaving.add(stream);
  log("refused", { from: `${stream.remoteAddress}:${stream.remotePort}`, reason });
  stream.setTimeout(0);
  stream.removeAllListeners("data").resume();
  if (!stream.writable) return void stream.destroy();
  stream.end(`${JSON.stringify({ t: "refused", reason })}\n`);
  if (farewells >= MAX_FAREWELLS) return stream.destroySoon();
  farewells += 1;
  const end = setTimeout(() => stream.destroy(), FAREWELL_MS);
  stream.once("close", () => {
    clearTimeout(end);
    farewells -= 1;
  });
}
