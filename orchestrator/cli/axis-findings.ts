import type { Finding } from "../engine/index.ts";
import { buildableAxes } from "../nat/buildable.ts";
import { CAPABILITIES, type Capability } from "../nat/needs.ts";

/** What can be built of each axis, from what was found of the capabilities; nothing where the kernel was not asked. */
export function axisFindings(looked: readonly Finding[]): Finding[] {
  const found = looked.filter(({ check }) => isCapability(check));
  if (found.length === 0) return [];
  const lacking = new Map(found.filter(({ state }) => state !== "ok").map((finding) => [finding.check, finding.fix]));
  return buildableAxes(new Set(lacking.keys()) as Set<Capability>).map(({ axis, able, unable }) => {
    const check = `axis ${axis}`;
    if (unable.length === 0) return { check, state: "ok", found: able.join(", ") };
    const without = unable.map(({ value, missing }) => `${value} (needs ${missing.join(", ")})`).join(", ");
    const fixes = new Set(unable.flatMap(({ missing }) => missing.map((name) => lacking.get(name) ?? "")));
    return { check, state: "warn", found: [...able, `not ${without}`].join(", "), fix: [...fixes].join("; ") };
  });
}

function isCapability(check: string): check is Capability {
  return (CAPABILITIES as readonly string[]).includes(check);
}
