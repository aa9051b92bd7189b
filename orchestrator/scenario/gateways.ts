import { NATS, type NamedNat } from "../nat/catalogue.ts";
import { checkModel } from "../nat/check.ts";
import { completeModel, type PartialModel } from "../nat/model.ts";
import type { Problem } from "./problem.ts";
import { NO_NAT, type NatDefinition } from "./schema.ts";

/** Named NATs that a scenario may use, or what is wrong with its own ones. */
export interface NamedNats {
  readonly nats: ReadonlyMap<string, NamedNat>;
  readonly problems: readonly Problem[];
}

/** Adds a scenario's own NATs to the catalogue, following `extends`. */
export function resolveNats(definitions: Readonly<Record<string, NatDefinition>>): NamedNats {
  const nats = new Map<string, NamedNat>(Object.entries(NATS));
  const problems: Problem[] = [];
  for (const [name, definition] of Object.entries(definitions)) {
    const path = ["nats", name];
    const nat = combine(definition, nats);
    if (name in NATS || name === NO_NAT) {
      problems.push({ path, message: `${name} is a built-in name; give this NAT another one`, atKey: true });
    } else if (typeof nat === "string") {
      problems.push({ path, message: nat, atKey: true });
    } else {
      problems.push(...checkModel(completeModel(nat.axes)).map((message) => contradiction(path, message, definition)));
      nats.set(name, nat);
    }
  }
  return { nats, problems };
}

/** At the axis that the reason begins with, where the definition states it; otherwise at the NAT's name. */
function contradiction(path: readonly string[], message: string, definition: NatDefinition): Problem {
  const [word = ""] = /^\w+/.exec(message) ?? [];
  return word in definition ? { path: [...path, word], message } : { path, message, atKey: true };
}

/** What an extending NAT may drop. */
type Limit = "blockSize" | "sessionLimit";

function combine(
  { extends: from, describe, ...own }: NatDefinition,
  nats: ReadonlyMap<string, NamedNat>,
): NamedNat | string {
  const base: NamedNat | undefined = from === undefined ? undefined : nats.get(from);
  if (from !== undefined && !base) return `extends ${from}, which is not a NAT defined above it`;
  const { blockSize, sessionLimit, ...axes }: Omit<PartialModel, Limit> & Pick<NatDefinition, Limit> = {
    ...base?.axes,
    ...own,
  };
  const { ports } = axes;
  if (!ports) return "needs ports, or extends to take them from";
  return {
    axes: {
      ...axes,
      ports,
      ...(typeof blockSize === "number" && { blockSize }),
      ...(typeof sessionLimit === "number" && { sessionLimit }),
      ...((base?.axes.timeouts ?? own.timeouts) && { timeouts: { ...base?.axes.timeouts, ...own.timeouts } }),
    },
    describe: describe ?? base?.describe ?? "a scenario's own NAT",
    source: "the scenario",
  };
}
