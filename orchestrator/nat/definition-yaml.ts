import type { DefinedAxis, Definition } from "./definition.ts";

/** The section `nats` of a scenario file with this one NAT, and behind every axis what it rests on. */
export function renderDefinition(name: string, { axes, timeouts, problems }: Definition): string {
  const lines = Object.entries(axes).map(([axis, defined]) => `    ${axisLine(axis, defined)}`);
  const ends = Object.entries(timeouts).map(([timer, defined]) => `      ${axisLine(timer, defined)}`);
  return [
    ...problems.map((problem) => `# The testbed cannot build this NAT: ${problem}`),
    "nats:",
    `  ${name}:`,
    ...lines,
    "    timeouts:",
    ...ends,
    "",
  ].join("\n");
}

function axisLine(axis: string, { value, measured, because }: DefinedAxis<unknown>): string {
  const why = measured ? because : `default, not measured: ${because}`;
  return `${axis}: ${flow(value)} # ${why.replaceAll(/\s+/g, " ")}`;
}

/** `{ kind: random, range: { from: 1024, to: 65535 } }` */
function flow(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const fields = Object.entries(value).map(([key, inner]) => `${key}: ${flow(inner)}`);
  return `{ ${fields.join(", ")} }`;
}
