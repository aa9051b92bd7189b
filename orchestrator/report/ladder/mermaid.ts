import { lanesOf } from "./lanes.ts";
import type { Step } from "./step.ts";

/** A ladder as the text of a Mermaid sequence diagram, which many a viewer of Markdown draws. */
export function renderMermaid(steps: readonly Step[], { startUs }: { readonly startUs: number }): string {
  const participants = lanesOf(steps).map((node) => `participant ${node.toUpperCase()}`);
  const lines = steps.map((step) => line(step, ((step.atUs - startUs) / 1000).toFixed(2)));
  return ["sequenceDiagram", ...[...participants, ...lines].map((one) => `  ${one}`), ""].join("\n");
}

function line(step: Step, ms: string): string {
  const text = escaped(`${step.decisive ? "◀ " : ""}${ms} ms ${step.text}`);
  if (step.kind === "word") return `Note over ${step.node.toUpperCase()}: ${text}`;
  const [from, to] = [step.way[0]!, step.way.at(-1)!].map(({ node }) => node.toUpperCase());
  const arrow = step.end ? "-x" : step.both ? "<<->>" : "->>";
  return `${from}${arrow}${to}: ${text}${step.end ? `<br/>${escaped(`${step.end.kind === "died" ? "✗" : "?"} ${step.end.why}`)}` : ""}`;
}

/** A semicolon ends a statement, a hash begins an entity, and angle brackets would be HTML. */
function escaped(text: string): string {
  return text.replace(/[#;<>&%]/g, (char) => `#${char.charCodeAt(0)};`);
}
