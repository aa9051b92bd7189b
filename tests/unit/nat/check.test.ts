import { describe, expect, it } from "vitest";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { checkModel } from "../../../orchestrator/nat/check.ts";
import type { PortAllocation } from "../../../orchestrator/nat/model.ts";

const sequential = (step: number, from: number, to: number): PortAllocation => ({
  kind: "sequential",
  step,
  range: { from, to },
});
const random = (from: number, to: number): PortAllocation => ({ kind: "random", range: { from, to } });

describe("checkModel", () => {
  it.each(Object.entries(NATS))("accepts %s of the catalogue", (_, nat) => {
    expect(checkModel(nat.axes)).toEqual([]);
  });

  it.each([
    ["a range that ends before it starts", random(5000, 4000), /from is greater than to/],
    ["a privileged port", random(1000, 4000), /port 1000 is not in 1024-65535/],
    ["a port beyond 65535", random(4000, 70000), /port 70000/],
    ["half a port", random(4000.5, 5000), /port 4000.5/],
    ["step 0", sequential(0, 40000, 40010), /step 0/],
    ["half a step", sequential(0.5, 40000, 40010), /step 0.5/],
    ["a range with one port of the sequence", sequential(5, 40000, 40003), /too small for step 5/],
    ["a step that would skip at the wrap", sequential(-3, 40000, 40010), /end it at 40009 or 40012/],
    ["a sequence too long to load", sequential(1, 1024, 65535), /64512 ports is longer/],
  ])("refuses %s", (_, ports, problem) => {
    expect(checkModel({ ports })).toEqual([expect.stringMatching(problem)]);
  });

  it("names every bad port", () => {
    expect(checkModel({ ports: random(1, 70000) })).toHaveLength(2);
  });
});
