import { describe, expect, it } from "vitest";
import { renderCoreRules, sameCoreRules } from "../../../orchestrator/plan/core.ts";
import { deadlineOf, transferWithinMs } from "../../../orchestrator/plan/deadline.ts";
import { coreWith } from "../../kit/core.ts";

const rules = (different: Parameters<typeof coreWith>[0]): string[] =>
  renderCoreRules(coreWith(different))
    .iptables.split("\n")
    .filter((line) => line.startsWith("-A"));
const PLAIN = rules({});
const ENDS_AT_R = "-A PREROUTING -m ttl --ttl-lt 2 -j NFQUEUE --queue-num 1 --queue-bypass";

describe("the rules of the core", () => {
  it("let the kernel forward everything but ICMP and X's packets where the core adds nothing", () => {
    expect(PLAIN).toEqual([
      ENDS_AT_R,
      "-A OUTPUT -p icmp ! --icmp-type time-exceeded -j NFQUEUE --queue-num 0 --queue-bypass",
      "-A FORWARD -p icmp -j NFQUEUE --queue-num 0 --queue-bypass",
      "-A FORWARD -i wan-x -j NFQUEUE --queue-num 0 --queue-bypass",
      "-A FORWARD -o wan-x -j NFQUEUE --queue-num 0 --queue-bypass",
    ]);
  });

  it.each([{ delayMs: 5 }, { lossPercent: 1 }])("send everything through user space for %j", (different) => {
    expect(rules(different)).toEqual([
      ENDS_AT_R,
      "-A OUTPUT -p icmp -j NFQUEUE --queue-num 0 --queue-bypass",
      "-A FORWARD -j NFQUEUE --queue-num 0 --queue-bypass",
    ]);
  });

  it("keep R's own time-exceeded back, and nothing else, where it is silent", () => {
    const [ending, ...rest] = PLAIN;
    expect(rules({ icmp: "off" })).toEqual([ending, "-A OUTPUT -p icmp --icmp-type time-exceeded -j DROP", ...rest]);
  });

  it("ask the routing table whether X may have sent what it sends", () => {
    expect(rules({ antiSpoofing: true })).toEqual(["-A PREROUTING -i wan-x -m rpfilter --invert -j DROP", ...PLAIN]);
  });

  it("take from each TTL what the routers between take, on the way in and on the way out", () => {
    const hops = rules({ extraHops: 3 }).filter((line) => !PLAIN.includes(line));
    expect(hops).toEqual(
      [
        ["PREROUTING -i wan-a", 5],
        ["PREROUTING -i wan-b", 5],
        ["POSTROUTING -o wan-a", 4],
        ["POSTROUTING -o wan-b", 4],
      ].flatMap(([where, ttl]) => [
        `-A ${where} -m ttl --ttl-lt ${ttl} -j NFQUEUE --queue-num 1 --queue-bypass`,
        `-A ${where} -j TTL --ttl-dec 3`,
      ]),
    );
  });

  it("leave source routes to the kernel's own setting", () => {
    const setting = "net.ipv4.conf.all.accept_source_route";
    expect(renderCoreRules(coreWith({})).sysctls[setting]).toBe("0");
    expect(renderCoreRules(coreWith({ sourceRoute: "forward" })).sysctls[setting]).toBe("1");
    expect(rules({ sourceRoute: "forward" })).toEqual(PLAIN);
  });

  it("name all tables they use, so that nothing is left of the core before", () => {
    for (const core of [{}, { antiSpoofing: true, extraHops: 1 }])
      expect(renderCoreRules(coreWith(core)).iptables.match(/^\*\w+$/gm)).toEqual(["*raw", "*mangle", "*filter"]);
  });

  it("are the same for cores that only the agent tells apart", () => {
    expect(sameCoreRules(coreWith({ delayMs: 5 }), coreWith({ delayMs: 50, lossPercent: 2 }))).toBe(true);
    expect(sameCoreRules(coreWith({ delayMs: 5 }), coreWith({}))).toBe(false);
    expect(sameCoreRules(coreWith({ sourceRoute: "forward" }), coreWith({}))).toBe(false);
  });
});

describe("what a core adds to times", () => {
  it("is nothing where it adds nothing", () => {
    expect(deadlineOf({ deadlineMs: 1_300, core: coreWith({}) })).toBe(1_300);
    expect(transferWithinMs(10_000, 1 << 20, coreWith({}))).toBe(10_000);
  });

  it("grows with delay and with loss", () => {
    expect(deadlineOf({ deadlineMs: 1_300, core: coreWith({ delayMs: 50 }) })).toBe(1_800);
    const within = (different: Parameters<typeof coreWith>[0]): number =>
      transferWithinMs(1_000, 64 << 10, coreWith(different));
    expect(within({ delayMs: 50 })).toBe(3_000);
    expect(within({ delayMs: 50, lossPercent: 1 })).toBeGreaterThan(within({ delayMs: 50 }) + 3_000);
    expect(within({ lossPercent: 20 })).toBeGreaterThan(within({ lossPercent: 10 }));
  });
});
