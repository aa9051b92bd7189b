import { refusalName, type Gateway, type NatModel } from "../nat/model.ts";
import type { Expectation } from "../verdict/outcome.ts";
import { gatewayName } from "./naming.ts";
import type { Condition, ExpectRule } from "./schema.ts";

/** Index of the first rule that fits the gateways; -1 where none does. */
export function matchRule(rules: readonly ExpectRule[], na: Gateway, nb: Gateway): number {
  return rules.findIndex(({ when }) => !when || fits(when, na, nb));
}

/** What a rule claims, without its condition. */
export function expectationOf(rule: ExpectRule): Expectation {
  switch (rule.verdict) {
    case "direct":
      return rule.rate === undefined ? { verdict: "direct" } : { verdict: "direct", rate: rule.rate };
    case "relayed":
      return { verdict: "relayed" };
    case "blocked":
      return { verdict: "blocked", cause: rule.cause };
  }
}

function fits(when: Condition, na: Gateway, nb: Gateway): boolean {
  return (
    allows(when.na, gatewayName(na)) &&
    allows(when.nb, gatewayName(nb)) &&
    allows(when["na.ports"], axisOf(na, portKind)) &&
    allows(when["nb.ports"], axisOf(nb, portKind)) &&
    // An axis of the whole cell: where NATs of their own disagree, both values hold and one of them suffices.
    [na, nb].some((gateway) =>
      allows(
        when.unsolicitedSyn,
        axisOf(gateway, (model) => refusalName(model.unsolicitedSyn)),
      ),
    ) &&
    [na, nb].some((gateway) =>
      allows(
        when.timeExceeded,
        axisOf(gateway, (model) => model.timeExceeded),
      ),
    )
  );
}

const portKind = (model: NatModel) => model.ports.kind;

function axisOf(gateway: Gateway, axis: (model: NatModel) => string): string | undefined {
  return gateway.kind === "nat" ? axis(gateway.model) : undefined;
}

function allows(allowed: string | readonly string[] | undefined, value: string | undefined): boolean {
  if (allowed === undefined) return true;
  return value !== undefined && (typeof allowed === "string" ? allowed === value : allowed.includes(value));
}
