import type { NamedNat } from "../nat/catalogue.ts";
import type { Problem } from "./problem.ts";
import { NO_NAT, type MatrixEntry } from "./schema.ts";

const AXES = ["unsolicitedSyn", "timeExceeded"] as const;

/** Combinations that no cell can have, each with its reason. Paths are relative to the entry. */
export function checkCombination(entry: MatrixEntry, nats: ReadonlyMap<string, NamedNat>): Problem[] {
  return [...checkGateways(entry), ...checkAxes(entry, nats), ...checkNeighbour(entry), ...checkExpectations(entry)];
}

function checkGateways(entry: MatrixEntry): Problem[] {
  const wantsNone = entry.technique === "public";
  const message = wantsNone
    ? `technique public is the control without NATs: only ${NO_NAT} can stand here`
    : `technique ${entry.technique} is about NATs: ${NO_NAT} is for technique public only`;
  return (["na", "nb"] as const).flatMap((side) =>
    entry[side].flatMap((name, index) => ((name === NO_NAT) === wantsNone ? [] : [{ path: [side, index], message }])),
  );
}

/** An axis that changes nothing would be an option accepted and ignored. */
function checkAxes(entry: MatrixEntry, nats: ReadonlyMap<string, NamedNat>): Problem[] {
  return AXES.filter((axis) => entry[axis] !== undefined).flatMap((axis) => {
    const names = [...entry.na, ...entry.nb];
    if (names.every((name) => name === NO_NAT)) return [{ path: [axis], message: "has no effect without a NAT" }];
    const fixed = names.every((name) => nats.get(name)?.axes[axis] !== undefined);
    return fixed ? [{ path: [axis], message: `has no effect: every NAT here fixes its own ${axis}` }] : [];
  });
}

function checkNeighbour({ technique, neighbour }: MatrixEntry): Problem[] {
  if (!neighbour || !["connect", "public", "relay"].includes(technique)) return [];
  return [
    {
      path: ["neighbour"],
      message: `a neighbour disturbs port prediction, and technique ${technique} predicts nothing`,
    },
  ];
}

function checkExpectations({ technique, expect }: MatrixEntry): Problem[] {
  return expect.flatMap((rule, index) => {
    const path = ["expect", index, "verdict"];
    if (technique === "relay" && rule.verdict === "direct") {
      return [{ path, message: "technique relay sends every byte through X and cannot be direct" }];
    }
    if (technique !== "relay" && rule.verdict === "relayed") {
      return [{ path, message: `only technique relay can be relayed, not ${technique}` }];
    }
    if (rule.verdict === "direct" && rule.rate !== undefined && technique !== "natblaster-4") {
      return [
        {
          path: ["expect", index, "rate"],
          message: `technique ${technique} is not probabilistic; rate is for natblaster-4`,
        },
      ];
    }
    if (rule.verdict === "blocked" && rule.cause === "no-collision" && technique !== "natblaster-4") {
      return [
        {
          path: ["expect", index, "cause"],
          message: `no-collision is about a birthday; technique ${technique} has none`,
        },
      ];
    }
    return [];
  });
}
