import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import type { TransferResult } from "../wire/attempt.ts";
import type { Operations } from "../wire/control.ts";
import { seededBytes } from "../wire/seeded.ts";
import { log } from "./channel.ts";

type Parameters = Operations["transfer"]["parameters"];

/** Sends seeded bytes and receives as many from the peer, both at once; what came in is reported by its digest. */
export function transfer(stream: Socket, { sendSeed, bytes, withinMs }: Parameters): Promise<TransferResult> {
  const digest = createHash("sha256");
  let received = 0;
  let firstAt: number | undefined;
  return new Promise((resolve) => {
    const finish = (error?: string): void => {
      clearTimeout(timer);
      stream.removeListener("readable", onReadable);
      stream.removeListener("error", onError);
      // making what is sent takes longer than sending it, so the time is the receiver's
      log("received", { bytes: received, ms: firstAt === undefined ? 0 : performance.now() - firstAt });
      resolve({
        receivedBytes: received,
        receivedSha256: digest.digest("hex"),
        ...(error === undefined ? {} : { error }),
      });
    };
    const timer = setTimeout(() => finish(`${received} of ${bytes} bytes after ${withinMs} ms`), withinMs);
    const onError = (error: Error): void => finish(error.message);
    const onReadable = (): void => {
      for (let chunk = take(stream, bytes - received); chunk; chunk = take(stream, bytes - received)) {
        firstAt ??= performance.now();
        digest.update(chunk);
        received += chunk.length;
      }
      if (received === bytes) finish();
      else if (stream.readableEnded) finish("the peer closed the connection");
    };
    stream.on("error", onError);
    stream.on("readable", onReadable);
    stream.write(seededBytes(sendSeed, bytes));
    onReadable();
  });
}

/** At most `wanted` bytes of what is there. */
function take(stream: Socket, wanted: number): Buffer | null {
  if (wanted === 0 || stream.readableLength === 0) return null;
  return stream.read(Math.min(wanted, stream.readableLength)) as Buffer | null;
}
