import type { Evidence } from "../evidence/types.ts";

/**
 * What a timeline is made of: a trial's evidence, or as much of it as a directory still holds. Where `flows` are missing, nothing is known of
 * the bulk data that was counted and not kept.
 */
export type TrialRecord = Pick<Evidence, "captures" | "events" | "logs"> &
  Partial<Pick<Evidence, "startedAtUs" | "afterCut" | "eventsBeyond">>;
