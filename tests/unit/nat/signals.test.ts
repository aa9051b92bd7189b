import { describe, expect, it } from "vitest";
import { TCP_FLAG } from "../../../wire/tcp.ts";
import { RST_ACK, SILENCE_MS, SYN_ACK, useExchange } from "./exchange.ts";
import { INSIDE, PEER, STRANGER } from "./laboratory.ts";
import { timeExceededBytes, type Seen } from "./packets.ts";
import { missingForKernelTests } from "./namespace.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: what RST and ICMP do to a mapping on the real kernel (${missing})`);

describe.skipIf(missing)("a NAT on the real kernel", () => {
  const on = useExchange();
  const { establish, incoming, isTcp, open } = on;

  describe("reached by a RST on a mapping whose SYN has no answer yet", () => {
    it.each([
      ["deliver-and-remove", true, []],
      ["hide-and-remove", false, []],
      ["deliver-and-keep", true, ["SYN_SENT"]],
      ["ignore", false, ["SYN_SENT"]],
    ] as const)("does with it what %s says", async (reset, arrives, states) => {
      await on.lab.load({ reset });
      await open();
      incoming("rst ack", { seq: 0, ack: 1001 });
      const delivered = await on.inside.arrival(isTcp(RST_ACK), arrives ? 3000 : SILENCE_MS);
      expect(delivered !== undefined).toBe(arrives);
      if (delivered) expect(delivered).toMatchObject({ ip: { src: PEER, dst: INSIDE }, tcp: { dstPort: on.port } });
      expect(await on.lab.states()).toEqual(states);
      incoming("syn ack", { seq: 500, ack: 1001 });
      const later = await on.inside.arrival(isTcp(SYN_ACK), states.length > 0 ? 3000 : SILENCE_MS);
      expect(later !== undefined).toBe(states.length > 0);
    });

    it.each(["deliver-and-keep", "ignore"] as const)(
      "ends an answered connection all the same where it does %s",
      async (reset) => {
        await on.lab.load({ reset });
        await establish();
        incoming("rst", { seq: 501 });
        expect(await on.inside.arrival(isTcp(TCP_FLAG.rst))).toBeDefined();
        expect(await on.lab.states()).toEqual(["CLOSE"]);
      },
    );
  });

  describe("reached by a router's time-exceeded for an inside host's SYN", () => {
    it.each([
      ["translate", true, ["SYN_SENT"]],
      ["drop", false, ["SYN_SENT"]],
      ["teardown", true, []],
    ] as const)("does with it what %s says", async (timeExceeded, arrives, states) => {
      await on.lab.load({ timeExceeded });
      await open();
      const { bytes } = (await on.outside.arrival(isTcp(TCP_FLAG.syn)))!;
      on.outside.send(timeExceededBytes(STRANGER, bytes));
      const error = await on.inside.arrival(aboutOurSyn, arrives ? 3000 : SILENCE_MS);
      expect(error !== undefined).toBe(arrives);
      if (error) expect(error.ip).toMatchObject({ src: STRANGER, dst: INSIDE });
      expect(await on.lab.states()).toEqual(states);
      incoming("syn ack", { seq: 500, ack: 1001 });
      const answer = await on.inside.arrival(isTcp(SYN_ACK), states.length > 0 ? 3000 : SILENCE_MS);
      expect(answer !== undefined).toBe(states.length > 0);
    });

    const aboutOurSyn = ({ icmp }: Seen): boolean =>
      icmp?.kind === "time-exceeded" &&
      icmp.original.ok &&
      icmp.original.value.transport.kind === "tcp" &&
      icmp.original.value.transport.srcPort === on.port;
  });
});
