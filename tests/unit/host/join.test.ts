import type { Socket } from "node:net";
import { PassThrough, Writable } from "node:stream";
import { expect, it } from "vitest";
import { join } from "../../../agents/join.ts";

it("does not wait for a connection to close that refuses to be reset: libuv does while a shutdown is under way (EINVAL)", async () => {
  const stream = Object.assign(new PassThrough({ autoDestroy: false }), {
    bytesRead: 0,
    bytesWritten: 0,
    resetAndDestroy: () => stream,
  });
  const output = new Writable({ write: (_, __, done) => done(new Error("no space is left")) });
  const input = new PassThrough();
  input.end("what this side says");
  expect(await join({ input, output }, stream as unknown as Socket)).toMatchObject({
    broken: "this side's output: no space is left",
  });
});
