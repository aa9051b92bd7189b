import { describe, expect, it } from "vitest";
import { TCP_FLAG } from "../../../wire/tcp.ts";
import { PEER_PORT, RST_ACK, SILENCE_MS, SYN_ACK, useExchange } from "./exchange.ts";
import { INSIDE, NAT } from "./laboratory.ts";
import { missingForKernelTests } from "./namespace.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: SYNs and SYN+ACKs out of turn on the real kernel (${missing})`);

describe.skipIf(missing)("a NAT on the real kernel", () => {
  const on = useExchange();
  const { establish, incoming, isTcp, open, outgoing } = on;

  describe("whose inside host sends a SYN+ACK after its own SYN", () => {
    it.each([
      ["leak", INSIDE],
      ["drop", undefined],
      ["translate", NAT],
    ] as const)("does with it what %s says", async (outOfState, source) => {
      await on.lab.load({ outOfState });
      await open();
      outgoing("syn ack", { seq: 1000, ack: 501 });
      const left = await on.outside.arrival(isTcp(SYN_ACK), source ? 3000 : SILENCE_MS);
      expect(left?.ip.src).toBe(source);
    });

    it("translates it to the mapping's own port, whatever that is", async () => {
      await on.lab.load({
        outOfState: "translate",
        ports: { kind: "sequential", step: 1, range: { from: 40_000, to: 40_003 } },
      });
      outgoing("syn");
      const syn = await on.outside.arrival(({ tcp }) => tcp?.srcPort === 40_000 && tcp.flags === TCP_FLAG.syn);
      expect(syn).toBeDefined();
      outgoing("syn ack", { seq: 1000, ack: 501 });
      const left = await on.outside.arrival(({ tcp }) => tcp?.srcPort === 40_000 && tcp.flags === SYN_ACK);
      expect(left).toMatchObject({ ip: { src: NAT }, tcp: { dstPort: PEER_PORT } });
    });
  });

  describe("reached by a SYN from the peer that a SYN is on its way to", () => {
    it.each([
      ["accept", true],
      ["refuse", false],
    ] as const)("does with it what %s says, and takes the peer's SYN+ACK either way", async (crossingSyn, passes) => {
      await on.lab.load({ crossingSyn });
      await open();
      incoming("syn", { seq: 500 });
      const passed = await on.inside.arrival(isTcp(TCP_FLAG.syn), passes ? 3000 : SILENCE_MS);
      expect(passed !== undefined).toBe(passes);
      incoming("syn ack", { seq: 500, ack: 1001 });
      expect(await on.inside.arrival(isTcp(SYN_ACK))).toBeDefined();
    });
  });

  it("that refuses a crossing SYN keeps the mapping from a RST behind it all the same", async () => {
    await on.lab.load({ crossingSyn: "refuse", reset: "ignore" });
    await open();
    incoming("syn", { seq: 500 });
    incoming("rst ack", { seq: 0, ack: 1001 });
    incoming("syn ack", { seq: 500, ack: 1001 });
    expect(await on.inside.arrival(isTcp(SYN_ACK))).toBeDefined();
    expect(await on.inside.arrival(isTcp(RST_ACK), 0)).toBe(undefined);
  });

  describe("reached by a segment far outside the window", () => {
    it.each([
      ["strict", false],
      ["liberal", true],
    ] as const)("lets it in only where it is liberal: %s", async (windowTracking, passes) => {
      await on.lab.load({ windowTracking });
      await establish();
      incoming("ack psh", { seq: 900_000_000, ack: 1001, payload: new Uint8Array(10) });
      const passed = await on.inside.arrival(isTcp(TCP_FLAG.ack + TCP_FLAG.psh), passes ? 3000 : SILENCE_MS);
      expect(passed !== undefined).toBe(passes);
    });
  });
});
