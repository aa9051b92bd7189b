import { expect, it } from "vitest";
import { allocate, receiveMany } from "../../../agents/net/libc.ts";

it("a receive that cannot succeed ends, and names the error", () => {
  expect(() => receiveMany(-1, allocate(64).address, 1)).toThrow("recvmmsg: EBADF");
});
