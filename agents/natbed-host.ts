import { randomBytes, randomInt } from "node:crypto";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { drawAttempt } from "../wire/attempt.ts";
import { HOST_TECHNIQUES } from "../wire/rendezvous.ts";
import { deriveSession } from "../wire/session.ts";
import type { HostCapability } from "../wire/traits.ts";
import { AutoAttempt } from "./auto-attempt.ts";
import { heldCapabilities } from "./capabilities.ts";
import { Recorder } from "./capture.ts";
import { divertLog } from "./channel.ts";
import { lacksFor } from "./choice/needs.ts";
import { PLAIN, plainTechnique } from "./choice/plain.ts";
import { USAGE, readArguments } from "./host-arguments.ts";
import { progressOf, resultText } from "./host-report.ts";
import { join, type LocalEnd } from "./join.ts";
import { prepareEnd } from "./local-end.ts";
import { resolveX } from "./net/resolve.ts";
import { miss } from "./net/vigilance.ts";
import { breakWithProcess, isGone } from "./net/abrupt.ts";

/**
 * A host as a program of its own: joins standard input and output, a local port or a command to a direct connection with whoever says the
 * same words elsewhere.
 */

const LOOK_EVERY_MS = 500;
/** A step that makes no progress ends after so long. */
const STEP_WITHIN_MS = 6_000;
const WHAT: Readonly<Record<HostCapability, string>> = {
  raw: "raw packets (CAP_NET_RAW)",
  admin: "firewall rules (CAP_NET_ADMIN and libnftables)",
};

const asked = readArguments();
if (typeof asked === "string") {
  console.error(`natbed-host: ${asked}\n${USAGE}`);
  process.exit(2);
}
const say = (line: string): void => console.error(`natbed-host: ${line}`);
const capabilities = heldCapabilities();
const impossible = missingFor(asked.technique);
if (impossible !== undefined) fail(impossible);
divertLog(progressOf(say));

const [x, end] = await Promise.all([resolveX(asked.host), prepareEnd(asked.local)]).catch(fail);
const { session, key, greetingKey } = deriveSession(asked.session);
const { localPort, seed } = drawAttempt(randomBytes(16).toString("hex"), randomInt(2) === 0 ? "a" : "b");
const attempt = new AutoAttempt(
  {
    x,
    xPort: asked.port,
    role: "any",
    session,
    key,
    greetingKey,
    technique: { name: "auto", withinMs: asked.withinMs },
    ...(asked.technique === "auto" ? {} : { only: asked.technique }),
    capabilities,
    localPort,
    seed,
    deadlineMs: STEP_WITHIN_MS,
  },
  capabilities.includes("raw") ? new Recorder() : undefined,
);
for (const [signal, code] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const)
  process.on(signal, () => {
    local?.stop?.();
    void attempt.dispose().finally(() => process.exit(code));
  });

let local: LocalEnd | undefined;
const result = await attempt.run();
say(resultText(result));
const exitCode = result.ok ? await serve() : 1;
await attempt.dispose();
process.exit(exitCode);

async function serve(): Promise<number> {
  const { stream } = attempt;
  miss(stream);
  breakWithProcess(stream);
  local = await Promise.race([end.open(say), gone(stream)]);
  if (!local) {
    say("the other side is gone");
    return 1;
  }
  const { sent, received, broken } = await join(local, stream);
  if (broken !== undefined) local.stop?.();
  say(`${sent} bytes sent, ${received} received${broken === undefined ? "" : `; broken off: ${broken}`}`);
  return broken === undefined ? ((await local.code) ?? 0) : 1;
}

/** Resolves once the connection is no more: nobody reads from it while a program is waited for. */
async function gone(stream: Socket): Promise<undefined> {
  while (!isGone(stream)) await sleep(LOOK_EVERY_MS);
  return undefined;
}

/** What this process may not do though the technique needs it whatever its role; and what works without. */
function missingFor(name: string): string | undefined {
  const technique = plainTechnique(name);
  if (!technique) return undefined;
  const lacking = (["a", "b"] as const).map((role) => lacksFor(technique, role, capabilities));
  if (lacking.some((lacks) => lacks.length === 0)) return undefined;
  const missing = [...new Set(lacking.flat())].map((capability) => WHAT[capability]).join(" and ");
  const rest = HOST_TECHNIQUES.filter((one) => lacksFor(PLAIN[one], "a", capabilities).length === 0);
  return `${name} needs ${missing}, which this process may not use: run it as root. Without, these work: auto, ${rest.join(", ")}`;
}

function fail(error: unknown): never {
  const { code, message } = (typeof error === "string" ? { message: error } : error) as NodeJS.ErrnoException;
  say(code === "EADDRINUSE" ? `that port is taken by another program (${message})` : message);
  process.exit(1);
}
