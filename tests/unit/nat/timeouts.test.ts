import { describe, expect, it } from "vitest";
import { TCP_FLAG } from "../../../wire/tcp.ts";
import { until } from "../../kit/until.ts";
import { useExchange } from "./exchange.ts";
import { missingForKernelTests } from "./namespace.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: mapping timeouts on the real kernel (${missing})`);

describe.skipIf(missing)("a NAT on the real kernel", () => {
  const on = useExchange();
  const { establish, incoming, isTcp, open, outgoing } = on;

  describe("that remembers connections for one second", () => {
    const phases = {
      synSentS: open,
      establishedS: establish,
      closingS: async () => {
        await establish();
        outgoing("fin ack", { seq: 1001, ack: 501 });
        await on.outside.arrival(isTcp(TCP_FLAG.fin + TCP_FLAG.ack));
        incoming("fin ack", { seq: 501, ack: 1002 });
        await on.inside.arrival(isTcp(TCP_FLAG.fin + TCP_FLAG.ack));
        outgoing("ack", { seq: 1002, ack: 502 });
        await until("TIME_WAIT", async () => (await on.lab.states()).includes("TIME_WAIT") || undefined, {
          withinMs: 3000,
        });
      },
    };

    it.each(["synSentS", "establishedS", "closingS"] as const)("forgets them then: %s", async (phase) => {
      await on.lab.load({ timeouts: { [phase]: 1 } });
      await phases[phase]();
      expect(await on.lab.states()).toHaveLength(1);
      await until("forgotten", async () => (await on.lab.states()).length === 0 || undefined, { withinMs: 4000 });
    });

    it.each(["synSentS", "closingS"] as const)(
      "keeps an established connection for longer where %s is so short",
      async (phase) => {
        await on.lab.load({ timeouts: { [phase]: 1 } });
        await establish();
        const other = on.port;
        on.port += 1000;
        await phases[phase]();
        await until("the other is forgotten", async () => (await on.lab.states()).length === 1 || undefined, {
          withinMs: 4000,
        });
        on.port = other;
        expect(await on.lab.states()).toEqual(["ESTABLISHED"]);
      },
    );

    it("sets every state of the phase, so that none forgets earlier", async () => {
      const settings = await on.lab.load({ timeouts: { synSentS: 240, establishedS: 7440, closingS: 240 } });
      const seconds = [...settings.matchAll(/nf_conntrack_tcp_timeout_(\w+) = (\d+)/g)].map(([, state, value]) => [
        state,
        Number(value),
      ]);
      expect(Object.fromEntries(seconds)).toEqual({
        syn_sent: 240,
        syn_recv: 240,
        established: 7440,
        max_retrans: 7440,
        unacknowledged: 7440,
        fin_wait: 240,
        close_wait: 240,
        last_ack: 240,
        time_wait: 240,
        close: 240,
      });
    });
  });
});
