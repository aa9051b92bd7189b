import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

/** This machine's end: what it says and what it is told, perhaps one and the same socket. */
export interface LocalEnd {
  readonly input: Readable;
  readonly output: Writable;
  /** Exit code of the program that it is, once it has ended. */
  readonly code?: Promise<number>;
  /** Ends that program where nobody hears it any more. */
  readonly stop?: () => void;
}

export interface Joined {
  readonly sent: number;
  readonly received: number;
  /** Why it did not end as both sides wanted. */
  readonly broken?: string;
}

const CLOSES_WITHIN_MS = 200;

/** Passes bytes both ways, and each side's end on by itself, until both have ended or the connection breaks. */
export function join({ input, output }: LocalEnd, stream: Socket): Promise<Joined> {
  return new Promise((resolve) => {
    let broken: string | undefined;
    const closing = Promise.withResolvers<void>();
    const breakOff = (who: string) => (error: Error) => {
      broken ??= `${who}: ${error.message}`;
      stream.resetAndDestroy();
      setTimeout(closing.resolve, CLOSES_WITHIN_MS); // a reset while this side's end is being sent is refused, and no `close` follows
    };
    stream.on("error", breakOff("the connection"));
    output.on("error", breakOff("this side's output"));
    input.on("error", breakOff("this side's input"));
    const written = new Promise<void>((done) => output.on("finish", done).on("close", done));
    stream.on("close", () => closing.resolve());
    input.on("close", () => stream.end()); // one that was destroyed has no other end
    const before = { sent: stream.bytesWritten, received: stream.bytesRead - stream.readableLength };
    input.pipe(stream);
    stream.pipe(output);
    if (stream.closed) breakOff("the connection")(new Error("it had ended before"));
    void closing.promise
      .then(() => {
        input.unpipe(stream);
        if (broken === undefined) return written;
        output.end();
        return undefined;
      })
      .then(() => {
        const [sent, received] = [stream.bytesWritten - before.sent, stream.bytesRead - before.received];
        resolve({ sent, received, ...(broken === undefined ? {} : { broken }) });
      });
  });
}
