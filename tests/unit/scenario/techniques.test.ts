import { describe, expect, it } from "vitest";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { expandScenario, loadScenario } from "../../../orchestrator/scenario/load.ts";
import { gatewayName } from "../../../orchestrator/scenario/naming.ts";

const path = new URL("../../../scenarios/techniques.yaml", import.meta.url).pathname;
const cells = expandScenario(await loadScenario(path));

describe("the matrix of the field's techniques", () => {
  it("has ids that are unique and usable as file names", () => {
    expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length);
    for (const { id } of cells) expect(id).toMatch(/^[a-z0-9][a-z0-9.~+-]*$/);
  });

  it("has every variant of every technique that is not the paper's, and of the authors' program", () => {
    const variants = cells.map(({ technique }) =>
      [
        technique.name,
        "syn" in technique && technique.syn,
        "socket" in technique && technique.socket,
        "synAck" in technique && technique.synAck,
      ]
        .filter(Boolean)
        .join(" "),
    );
    expect([...new Set(variants)].toSorted()).toEqual([
      "natblaster-2 low-ttl self",
      "natblaster-2 normal self",
      "sequential-open",
      "simultaneous-open low-ttl",
      "stunt-1 low-ttl",
      "stunt-1 normal",
      "stunt-2 low-ttl aborted",
      "stunt-2 low-ttl kept",
      "stunt-2 normal aborted",
      "stunt-2 normal kept",
    ]);
  });

  it("has every NAT of the catalogue before A, with the socket kept and with a listener", () => {
    const before = (socket: "kept" | "aborted") =>
      cells.flatMap(({ technique, na }) =>
        technique.name === "stunt-2" && technique.socket === socket ? [gatewayName(na)] : [],
      );
    expect(before("kept")).toEqual(expect.arrayContaining(Object.keys(NATS)));
    const listening = Object.keys(NATS).filter((name) => !["random", "hostile"].includes(name)); // mispredicted anyway
    expect(before("aborted")).toEqual(expect.arrayContaining(listening));
  });
});
