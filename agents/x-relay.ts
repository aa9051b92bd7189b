import type { Socket } from "node:net";
import { MAX_LINE, parseRelayHeader, type HostRole, type RelayHeader } from "../wire/rendezvous.ts";
import { log } from "./channel.ts";
import { breakWithProcess } from "./net/abrupt.ts";
import { refuse } from "./x-refusal.ts";

/** A connection that does not say whose it is is closed after this long. */
const HEADER_WITHIN_MS = 10_000;
/** A relayed connection on which nothing moves, or whose other side does not come, is closed after this long. */
const IDLE_MS = 600_000;

/** A guest that has nobody to hear it goes when it has nothing more to say. */
function endBoth(this: Socket): void {
  this.end();
}

/** Passes bytes between the two sides of a session, for hosts between which nothing else works. */
export class RelayService {
  readonly #admits: (session: string, key: string) => boolean;
  readonly #waiting = new Map<string, { readonly role: HostRole; readonly stream: Socket }>();

  constructor(admits: (session: string, key: string) => boolean) {
    this.#admits = admits;
  }

  /** Reads the header line; what follows it is the other side's. */
  serve(stream: Socket): void {
    let head = Buffer.alloc(0);
    const late = setTimeout(() => refuse(stream, "no header in time"), HEADER_WITHIN_MS);
    stream.on("close", () => clearTimeout(late));
    stream.on("end", endBoth);
    const onData = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\n");
      if ((end < 0 ? head.length : end) > MAX_LINE) return refuse(stream, "line too long");
      if (end < 0) return;
      clearTimeout(late);
      stream.removeListener("data", onData);
      stream.pause();
      const header = parseRelayHeader(head.toString("utf8", 0, end));
      if (!header.ok) return refuse(stream, header.error);
      stream.unshift(head.subarray(end + 1));
      this.#join(header.message, stream);
    };
    stream.on("data", onData);
  }

  /** Forgets who waits. */
  reset(): void {
    this.#waiting.clear();
  }

  #join({ session, key, role }: RelayHeader, stream: Socket): void {
    if (!this.#admits(session, key)) return refuse(stream, "no such session");
    stream.setTimeout(IDLE_MS, () => {
      if (this.#waiting.get(session)?.stream === stream) refuse(stream, "the other side did not come");
      else stream.destroy(); // a word of ours would be data to the other side
    });
    const other = this.#waiting.get(session);
    if (!other || other.role === role) {
      this.#waiting.set(session, { role, stream });
      stream.once("close", () => this.#leave(session, stream));
      if (other) refuse(other.stream, "this side joined anew");
      return;
    }
    this.#waiting.delete(session);
    log("relay", { session });
    for (const one of [stream, other.stream]) one.removeListener("end", endBoth); // from now on an end is the other's
    stream.pipe(other.stream).pipe(stream);
    for (const [one, far] of [
      [stream, other.stream],
      [other.stream, stream],
    ] as const) {
      breakWithProcess(one);
      one.once("close", (failed) => {
        // pipe passes on an end, not a break: what was cut off must not look whole
        if (failed || !one.readableEnded) far.resetAndDestroy();
        else far.destroySoon();
      });
    }
  }

  #leave(session: string, stream: Socket): void {
    if (this.#waiting.get(session)?.stream === stream) this.#waiting.delete(session);
  }
}
