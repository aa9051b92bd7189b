/** What went wrong, for the exit code: 2 is the user's input, 3 is the world under us (UX: exit codes). */
export type FaultKind = "usage" | "infrastructure";

export interface FaultDetail {
  readonly kind: FaultKind;
  /** Short stable identifier, e.g. `engine-unreachable`, `scenario-invalid`. */
  readonly code: string;
  /** What the user can do about it. */
  readonly hint?: string;
  /** Longer evidence: the last lines of a build, a command's stderr. */
  readonly detail?: string;
  readonly cause?: unknown;
}

/** The only error class of the orchestrator. Expected results (blocked, refused, malformed packet) are values, never this. */
export class NatbedError extends Error {
  readonly kind: FaultKind;
  readonly code: string;
  readonly hint: string | undefined;
  readonly detail: string | undefined;

  constructor(message: string, { kind, code, hint, detail, cause }: FaultDetail) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "NatbedError";
    this.kind = kind;
    this.code = code;
    this.hint = hint;
    this.detail = detail;
  }
}

/** Text for stderr: message, detail indented, cause chain, hint last. */
export function renderError(error: unknown): string {
  if (!(error instanceof NatbedError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = [`natbed: ${error.message} [${error.code}]`];
  if (error.detail)
    lines.push(
      ...error.detail
        .trimEnd()
        .split("\n")
        .map((line) => `  | ${line}`),
    );
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
    lines.push(`  caused by: ${cause.message}`);
  if (error.hint) lines.push(`  hint: ${error.hint}`);
  return lines.join("\n");
}

/** Closes a switch over a union: adding a member without a case becomes a type error. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
