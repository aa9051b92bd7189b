import { describe, expect, it } from "vitest";
import { xMachine } from "../../../agents/technique/index.ts";
import type { HostRole } from "../../../wire/rendezvous.ts";

describe("X, where both hosts have to be ready before the first data,", () => {
  it.each([
    ["natblaster-1", "established"],
    ["natblaster-2", "established"],
    ["natblaster-4", "established"],
    ["tcp-repair", "waiting"],
  ] as const)("says so once, however often a host repeats that it is: %s", (name, t) => {
    const machine = xMachine(name);
    let { state } = machine.step(machine.initial, { kind: "told", from: "a", message: { t } });
    const opens = (["a", "b", "b", "a"] satisfies HostRole[]).map((from) => {
      const step = machine.step(state, { kind: "told", from, message: { t } });
      state = step.state;
      return step.actions.map((action) => (action.kind === "tell" ? `${action.to} ${action.message.t}` : action.kind));
    });
    expect(opens).toEqual([[], ["a open", "b open"], [], []]);
  });
});
