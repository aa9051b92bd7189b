import { expect } from "vitest";
import { NatbedError } from "../../../orchestrator/errors.ts";
import { parseScenario } from "../../../orchestrator/scenario/load.ts";

/** The problem lines of a scenario text, or the error's message where it has none. */
export function problemsOf(text: string): string[] {
  return detailOf(() => parseScenario("x.yaml", text));
}

/** The problem lines of whatever refuses a file, or the error's message where it has none. */
export function detailOf(refused: () => unknown): string[] {
  try {
    refused();
  } catch (error) {
    if (!(error instanceof NatbedError)) throw error;
    expect(error).toMatchObject({ kind: "usage", code: "scenario-invalid" });
    return error.detail?.split("\n") ?? [error.message];
  }
  return [];
}

/** A scenario whose matrix is one entry of these lines. */
export const entry = (lines: string): string => `name: x\nmatrix:\n  - ${lines.trim().replaceAll("\n", "\n    ")}\n`;
