import { describe, expect, it } from "vitest";
import { buildableAxes } from "../../../orchestrator/nat/buildable.ts";
import { AXES } from "../../../orchestrator/nat/model.ts";
import { CAPABILITIES } from "../../../orchestrator/nat/needs.ts";

const report = (...lacking: (typeof CAPABILITIES)[number][]) =>
  new Map(buildableAxes(new Set(lacking)).map(({ axis, ...rest }) => [axis, rest]));

describe("what a machine can build", () => {
  it("is every value of every axis where nothing is lacking", () => {
    const all = report();
    expect([...all.keys()]).toEqual([...AXES, "core"]);
    for (const { able, unable } of all.values()) {
      expect(able.length).toBeGreaterThan(0);
      expect(unable).toEqual([]);
    }
  });

  it("leaves out what needs what is lacking, and says what that is", () => {
    expect(report("iptables-ttl").get("core")).toEqual({
      able: ["delayMs", "lossPercent", "icmp", "sourceRoute", "antiSpoofing"],
      unable: [{ value: "extraHops", missing: ["iptables-ttl"] }],
    });
    const unable = (axis: Parameters<ReturnType<typeof report>["get"]>[0], ...lacking: Parameters<typeof report>) =>
      report(...lacking)
        .get(axis)
        ?.unable.map(({ value }) => value);
    expect(unable("sourceRoute", "nft-notrack")).toEqual(["stateless"]);
    expect(unable("sequenceNumbers", "nft-rewrite")).toEqual(["rewrite"]);
    expect(unable("windowTracking", "network-settings")).toEqual(["liberal"]);
    expect(unable("timeouts", "network-settings")).toEqual(["others"]);
    expect(unable("filtering", "nft-sets")).toEqual(["endpoint-independent", "address-dependent"]);
  });

  it("is the paper's NATs even where all of it is lacking", () => {
    const nothing = report(...CAPABILITIES);
    expect(nothing.get("ports")?.able).toEqual(["preserve", "sequential", "random"]);
    expect(nothing.get("unsolicitedSyn")?.able).toEqual(expect.arrayContaining(["drop", "reset"]));
    expect(nothing.get("timeExceeded")?.able).toEqual(expect.arrayContaining(["drop", "translate"]));
  });
});
