import { beforeEach, describe, expect, it } from "vitest";
import { formatFlags } from "../../../wire/tcp.ts";
import { until } from "../../kit/until.ts";
import { SILENCE_MS, useExchange } from "./exchange.ts";
import { NAT, PEER, STRANGER } from "./laboratory.ts";
import type { Seen } from "./packets.ts";
import { missingForKernelTests } from "./namespace.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: answers to unsolicited SYNs on the real kernel (${missing})`);

describe.skipIf(missing)("a NAT on the real kernel", () => {
  const on = useExchange();
  const { incoming, open } = on;

  describe.each([
    ["drop", undefined],
    ["reset", "RST+ACK"],
    ["port-unreachable", 3],
    ["admin-prohibited", 13],
  ] as const)("whose answer to unsolicited SYNs is %s", (unsolicitedSyn, expected) => {
    const answerTo = async (port: number): Promise<string | number | undefined> => {
      on.outside.send({ from: [STRANGER, 6000], to: [NAT, port], flags: "syn" });
      const answer = await on.outside.arrival(
        ({ ip, tcp, icmp }) =>
          ip.dst === STRANGER &&
          (tcp?.srcPort === port ||
            (icmp?.original.ok === true &&
              icmp.original.value.transport.kind === "tcp" &&
              icmp.original.value.transport.dstPort === port)),
        expected === undefined ? SILENCE_MS : 3000,
      );
      return answer?.icmp?.code ?? (answer?.tcp ? formatFlags(answer.tcp.flags) : undefined);
    };

    it("gives it to a SYN to a port without mapping", async () => {
      await on.lab.load({ unsolicitedSyn });
      expect(await answerTo(on.port)).toBe(expected);
      expect(await on.lab.states()).toEqual([]);
    });

    it("gives it to a wrong peer's SYN where nothing else is said", async () => {
      await on.lab.load({ unsolicitedSyn });
      await open();
      expect(await answerTo(on.port)).toBe(expected);
    });

    it("gives a wrong peer's SYN the other answer where one is said", async () => {
      await on.lab.load({ unsolicitedSyn: unsolicitedSyn === "drop" ? "reset" : "drop", wrongPeerSyn: unsolicitedSyn });
      await open();
      expect(await answerTo(on.port)).toBe(expected);
      expect((await answerTo(on.port + 5000)) === expected).toBe(false);
    });
  });

  describe("that answers unsolicited SYNs after a while (RFC 5382 REQ-4)", () => {
    const afterMs = 700;
    const unreachable = ({ icmp }: Seen): boolean =>
      icmp?.kind === "destination-unreachable" &&
      icmp.original.ok &&
      icmp.original.value.transport.kind === "tcp" &&
      icmp.original.value.transport.dstPort === on.port;

    beforeEach(() => on.lab.load({ unsolicitedSyn: { kind: "delayed-icmp", afterMs } }));

    it("is silent for so long and then says port unreachable", async () => {
      const begun = performance.now();
      incoming("syn");
      expect(await on.outside.arrival(unreachable)).toMatchObject({ icmp: { code: 3 }, ip: { src: NAT, dst: PEER } });
      expect(performance.now() - begun).toBeGreaterThanOrEqual(afterMs - 1);
      expect(await on.lab.states()).toEqual([]);
    });

    it("is silent for good where an outbound SYN of the same connection follows, which passes", async () => {
      incoming("syn");
      incoming("syn", { from: [STRANGER, 6000] });
      await open();
      expect(await on.outside.arrival((packet) => unreachable(packet) && packet.ip.dst === STRANGER)).toBeDefined();
      expect(await on.outside.arrival((packet) => unreachable(packet) && packet.ip.dst === PEER, SILENCE_MS)).toBe(
        undefined,
      );
    });

    it("forgets what it holds together with the mappings", async () => {
      incoming("syn");
      await until("the NAT has the SYN", () => queued(), { withinMs: 3000 });
      await on.lab.agent.call("conntrack-flush", {});
      expect(await on.outside.arrival(unreachable, afterMs + SILENCE_MS)).toBe(undefined);
    });

    /** Packets that wait in the queue of unsolicited SYNs (net/netfilter/nfnetlink_queue.c, seq_show). */
    const queued = (): true | undefined => {
      const line = on.lab.box
        .sh("cat /proc/net/netfilter/nfnetlink_queue")
        .split("\n")
        .find((one) => /^ +2 /.test(one));
      return Number(line?.trim().split(/ +/)[2]) > 0 || undefined;
    };
  });
});
