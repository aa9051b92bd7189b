import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeIpv4 } from "../../wire/ipv4.ts";
import { splitNetlink } from "../../wire/netlink.ts";
import {
  decodeQueue,
  encodeQueueBind,
  encodeQueueCopy,
  encodeQueueLength,
  encodeQueueVerdict,
  encodeQueueVerdicts,
} from "../../wire/nfqueue.ts";
import { errorOf, hex, valueOf } from "./codec.ts";
import { recorded } from "./kernel.ts";

const QUEUE = 5;

describe("a packet queue as a kernel tells it", () => {
  it("acknowledges the binding and both copy modes", () => {
    const answers = (["queue bind", "queue copy packet", "queue copy meta"] as const).flatMap(recorded);
    expect(answers.map((message) => valueOf(decodeQueue(message)))).toEqual(
      [1, 2, 3].map((seq) => ({ type: "ack", seq })),
    );
  });

  it("hands a packet over whole", () => {
    const [packet] = recorded("queued packet, accept").map((message) => valueOf(decodeQueue(message)));
    if (packet?.type !== "packet") throw new Error("expected a packet");
    expect(packet).toMatchObject({ queue: QUEUE, packetId: 1, etherType: 0x0800, hook: 3, outDevice: 1 });
    expect(packet).not.toHaveProperty("inDevice");
    const { dst, payload } = valueOf(decodeIpv4(packet.payload));
    expect(dst).toBe("127.0.0.1");
    expect(Buffer.from(payload.subarray(8)).toString()).toBe("hello");
  });

  it("hands nothing but metadata over in mode meta", () => {
    const [packet] = recorded("queued packet, drop").map((message) => valueOf(decodeQueue(message)));
    expect(packet).toMatchObject({ type: "packet", packetId: 2, payload: new Uint8Array(0) });
  });

  it("answers no verdict", () => {
    expect([...recorded("after the verdict accept"), ...recorded("after the verdict drop")]).toEqual([]);
  });
});

describe("a queue request", () => {
  it("is the one that the recorded kernel acknowledged", () => {
    expect(encodeQueueBind(1, QUEUE)).toEqual(
      hex("1c000000 0203 0500 01000000 00000000 00 00 0005 0800 0100 01 00 0002"),
    );
    expect(encodeQueueCopy(2, QUEUE, { mode: "packet", range: 0xffff })).toEqual(
      hex("20000000 0203 0500 02000000 00000000 00 00 0005 0900 0200 0000ffff 02 000000"),
    );
    expect(encodeQueueCopy(3, QUEUE, { mode: "meta" })).toEqual(
      hex("20000000 0203 0500 03000000 00000000 00 00 0005 0900 0200 00000000 01 000000"),
    );
  });

  it("says accept and drop by packet", () => {
    const head = "20000000 0103 0100 00000000 00000000 00 00 0005 0c00 0200";
    expect(encodeQueueVerdict({ queue: QUEUE, packetId: 1, verdict: "accept" })).toEqual(
      hex(`${head} 00000001 00000001`),
    );
    expect(encodeQueueVerdict({ queue: QUEUE, packetId: 2, verdict: "drop" })).toEqual(
      hex(`${head} 00000000 00000002`),
    );
  });
});

describe("a queue request of linux/netfilter/nfnetlink_queue.h that no recording has", () => {
  it("sets the queue's length", () => {
    expect(encodeQueueLength(4, QUEUE, 65_536)).toEqual(
      hex("1c000000 0203 0500 04000000 00000000 00 00 0005 0800 0300 00010000"),
    );
  });

  it("accepts all packets up to one", () => {
    expect(encodeQueueVerdicts({ queue: QUEUE, packetId: 7, verdict: "accept" })).toEqual(
      hex("20000000 0303 0100 00000000 00000000 00 00 0005 0c00 0200 00000001 00000007"),
    );
  });
});

describe("a queue message", () => {
  it("says when the packet came in, where the kernel knows", () => {
    const stamp = "1400 0400 00000000 6543 2100 00000000 000f 1234";
    const payload = hex(`02000005 0b00 0100 00000001 0800 02 00 ${stamp}`);
    const packet = valueOf(decodeQueue({ type: 0x300, flags: 0, seq: 0, pid: 0, payload }));
    expect(packet).toMatchObject({ packetId: 1, hook: 2, atUs: 0x65432100 * 1e6 + 0xf1234 });
  });

  it("is refused with the reason where it is no packet", () => {
    const read = (type: number, payload: string) =>
      errorOf(decodeQueue({ type, flags: 0, seq: 0, pid: 0, payload: hex(payload) }));
    expect(read(0x100, "02000000")).toBe("netfilter message 1/0 is no queued packet");
    expect(read(0x300, "02000005")).toBe("queued packet without its header");
    expect(read(0x300, "02000005 0a00 0100 00000001 0800 0000")).toBe("queued packet without its header");
    expect(read(0x300, "02")).toBe("netfilter header cut: 1 bytes");
  });

  it("never throws, whatever its bytes", () => {
    const [good] = recorded("queued packet, accept");
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), fc.nat(), (at, byte, length) => {
        const payload = (good?.payload ?? hex("")).slice();
        payload[at % payload.length] = byte;
        const read = decodeQueue({
          type: 0x300,
          flags: 0,
          seq: 0,
          pid: 0,
          payload: payload.subarray(0, length % (payload.length + 1)),
        });
        if (!read.ok) expect(read.error).not.toBe("");
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (datagram) => {
        for (const message of splitNetlink(datagram).messages) decodeQueue(message);
      }),
    );
  });
});
