import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DelayLine } from "../../../agents/core/delay-line.ts";

const held = (packetId: number, dueMs: number, byX = false) => ({ packetId, dueMs, byX });

describe("a line of packets that are held back", () => {
  it("lets go what is due, and says which was the last", () => {
    const line = new DelayLine();
    for (const [id, due] of [
      [1, 5],
      [2, 6],
      [3, 9],
    ] as const)
      line.hold(held(id, due));
    expect(line.nextDueMs).toBe(5);
    expect(line.release(4)).toBeUndefined();
    expect(line.release(6)?.packetId).toBe(2);
    expect(line.nextDueMs).toBe(9);
    expect(line.release(Infinity)?.packetId).toBe(3);
    expect(line.nextDueMs).toBeUndefined();
  });

  it("lets nobody overtake, also one that is due earlier than the one before", () => {
    const line = new DelayLine();
    line.hold(held(1, 10));
    line.hold(held(2, 7));
    expect(line.release(9)).toBeUndefined();
    expect(line.release(10)?.packetId).toBe(2);
  });

  it("gives up those that are asked for and keeps the others", () => {
    const line = new DelayLine();
    for (const [id, byX] of [
      [1, true],
      [2, false],
      [3, true],
    ] as const)
      line.hold(held(id, id, byX));
    line.release(1);
    expect(line.take((packet) => packet.byX).map(({ packetId }) => packetId)).toEqual([3]);
    expect(line.release(5)?.packetId).toBe(2);
  });

  it("loses none and keeps none, however long it runs", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ gap: fc.nat(5), delay: fc.nat(20) }), { maxLength: 4_000 }), (packets) => {
        const line = new DelayLine();
        let [now, last] = [0, 0];
        packets.forEach(({ gap, delay }, index) => {
          now += gap;
          line.hold(held(index + 1, now + delay));
          const released = line.release(now)?.packetId ?? last;
          expect(released).toBeGreaterThanOrEqual(last);
          last = released;
        });
        expect(line.release(Infinity)?.packetId ?? last).toBe(packets.length);
        expect(line.nextDueMs).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });
});
