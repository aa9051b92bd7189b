import type { CoreModel } from "../../wire/control.ts";
import type { Cell } from "../scenario/cell.ts";

/** One-way trips through the core between two words of X's at most: SYN, answer, report, X's word, nonce and nonce back, and some. */
const TRIPS = 10;

/** How long an attempt of the cell waits for X's next word, in ms: the scenario's deadline, and the time that packets are under way. */
export function deadlineOf({ deadlineMs, core }: Pick<Cell, "deadlineMs" | "core">): number {
  return deadlineMs + TRIPS * core.delayMs;
}

/** A slow start from 10 segments (RFC 6928) reaches 1 MiB in 7 round trips. */
const ROUND_TRIPS = 20;
const SEGMENT_BYTES = 1448;
/** Linux waits at least so long before it repeats a segment of its own accord (TCP_RTO_MIN). */
const REPEAT_MS = 200;
/** Of so few packets, three times as many as on average may be lost; a few in a row double the wait (RFC 6298 section 5.5). */
const BAD_LUCK = 3;
const IN_A_ROW_MS = 3_000;

/** How long a transfer of `bytes` each way may take that needs at most `plainMs` where the core neither delays nor loses. */
export function transferWithinMs(plainMs: number, bytes: number, { delayMs, lossPercent }: CoreModel): number {
  const tripMs = 2 * delayMs;
  const lost = (bytes / SEGMENT_BYTES) * (lossPercent / 100) * BAD_LUCK;
  return plainMs + ROUND_TRIPS * tripMs + lost * (REPEAT_MS + 2 * tripMs) + (lossPercent > 0 ? IN_A_ROW_MS : 0);
}
