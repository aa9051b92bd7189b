import type { NatModel } from "../model.ts";

/** What follows from keeping no connections: there is nothing that could be counted, looked up, waited for or taken away. */
const STATELESS = {
  mapping: "endpoint-independent",
  filtering: "endpoint-independent",
  timeExceeded: "drop",
  reset: "deliver-and-keep",
  outOfState: "translate",
  crossingSyn: "accept",
  windowTracking: "liberal",
  hairpin: false,
} as const satisfies Partial<NatModel>;

/** Why a NAT that keeps no connections (RFC 2663 section 3: static address assignment) cannot be like `model`. */
export function checkStateless(model: NatModel): string[] {
  const axes = Object.entries(STATELESS) as [keyof typeof STATELESS, string | boolean][];
  const must = (axis: string, is: unknown, value: string): string =>
    `a stateless NAT cannot have ${axis} ${String(is)}: it keeps no connections, so ${axis} is ${value}`;
  return [
    ...(model.ports.kind === "preserve" ? [] : [must("ports", model.ports.kind, "preserve")]),
    ...axes
      .filter(([axis, value]) => model[axis] !== value)
      .map(([axis, value]) => must(axis, model[axis], String(value))),
    ...Object.entries(model.timeouts)
      .filter(([, seconds]) => seconds !== "never")
      .map(([name, seconds]) => must(`timeouts.${name}`, seconds, "never")),
  ];
}
