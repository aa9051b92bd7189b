import { readFileSync } from "node:fs";
import {
  drawAttempt,
  payloadSeed,
  type AttemptParameters,
  type AttemptResult,
  type TransferResult,
} from "../wire/attempt.ts";
import { seededBytes, sha256 } from "../wire/seeded.ts";
import { Recorder } from "./capture.ts";
import { openAttempt } from "./open-attempt.ts";
import { setting } from "./setting.ts";
import { transfer } from "./transfer.ts";

/**
 * One host's part of one attempt, by hand in a world without orchestrator: `node agents/attempt.js NAME SEED [DEADLINE_MS]`. Both hosts
 * are given the same words. A trial's seed repeats the trial's session, ports and random choices. Prints the log as JSON lines, the
 * result last; exit code 0: connected and the peer's data arrived whole, 1: not, 2: asked wrongly.
 */
const BYTES = 1 << 20;
const TRANSFER_WITHIN_MS = 5_000;

type Host = ReturnType<typeof openAttempt>;
type Parts = Readonly<Record<string, Pick<AttemptParameters, "technique" | "deadlineMs">>>;
type Printed = AttemptResult | (Extract<AttemptResult, { ok: true }> & { received: TransferResult; intact: boolean });

const [name = "", seed = "", deadline] = process.argv.slice(2);
const parts = JSON.parse(readFileSync(setting("NATBED_ATTEMPTS"), "utf8")) as Parts;
const part = parts[name];
const role = setting("NATBED_NODE");
if (!part || seed === "" || (role !== "a" && role !== "b") || !(Number(deadline ?? 1) > 0)) {
  console.error("usage, on a and on b with the same words: node agents/attempt.js NAME SEED [DEADLINE_MS]");
  console.error(`  NAME: ${Object.keys(parts).join(", ")}`);
  process.exit(2);
}
const deadlineMs = Number(deadline ?? part.deadlineMs);
const host = openAttempt(
  { ...part, ...drawAttempt(seed, role), x: setting("NATBED_X"), role, deadlineMs },
  new Recorder(),
);
const printed = await play(host, role);
await host.dispose(); // X frees the seat, the host its rules
process.on("exit", () => console.log(JSON.stringify(printed))); // behind the log lines, which are also written on exit
process.exit("intact" in printed && printed.intact ? 0 : 1);

async function play(host: Host, side: "a" | "b"): Promise<Printed> {
  const result = await host.run();
  if (!result.ok) return result;
  const sendSeed = payloadSeed(seed, "exchange", side);
  const expected = sha256(seededBytes(payloadSeed(seed, "exchange", side === "a" ? "b" : "a"), BYTES));
  const received = await transfer(host.stream, { sendSeed, bytes: BYTES, withinMs: TRANSFER_WITHIN_MS });
  await farewell(host);
  return { ...result, received, intact: received.receivedSha256 === expected };
}

/** An RST now could overtake what the peer has not read yet: both sides close, then wait for the other's close. */
function farewell({ stream }: Host): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, TRANSFER_WITHIN_MS).unref();
    stream.on("end", resolve).on("close", resolve).on("error", resolve);
    stream.end();
    stream.resume();
  });
}
