import { lookup } from "node:dns/promises";
import { randomBytes, randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { drawAttempt } from "../wire/attempt.ts";
import { TECHNIQUES, X_PORTS } from "../wire/rendezvous.ts";
import { deriveSession } from "../wire/session.ts";
import type { HostCapability } from "../wire/traits.ts";
import { AutoAttempt } from "./auto-attempt.ts";
import { heldCapabilities } from "./capabilities.ts";
import { Recorder } from "./capture.ts";
import { divertLog } from "./channel.ts";
import { lacksFor } from "./choice/needs.ts";
import { PLAIN, plainTechnique } from "./choice/plain.ts";
import { progressOf, resultText } from "./host-report.ts";
import { join } from "./join.ts";
import { prepareEnd, type LocalKind } from "./local-end.ts";
import { miss } from "./net/vigilance.ts";

/**
 * A host as a program of its own: joins standard input and output, a local port or a command to a direct connection with whoever says the
 * same words elsewhere.
 */
const USAGE = `usage: node natbed-host.js --x HOST[:PORT] --session KEY [--technique NAME] [--listen PORT | --exec COMMAND]
The same words on both machines. Without --listen and --exec the connection is standard input and output.
  --x          where a natbed-x runs, and the port of its rendezvous (${X_PORTS.rendezvous})
  --session    a secret that both sides know and nobody else
  --technique  auto, the default, or one of ${TECHNIQUES.filter((name) => name !== "auto").join(", ")}
  --within     seconds from the other side's arrival to a connection (30)
  --listen     the connection is what a program here sends to 127.0.0.1:PORT
  --exec       the connection is the standard input and output of this command
Exit code 0: both sides have ended, 1: no connection, or it broke, 2: asked wrongly; a command's own where it is not 0.`;

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

const [x, end] = await Promise.all([addressOf(asked.host), prepareEnd(asked.local)]).catch(fail);
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
  capabilities.includes("raw") ? new Recorder("live") : undefined,
);
for (const [signal, code] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const)
  process.on(signal, () => void attempt.dispose().finally(() => process.exit(code)));

const result = await attempt.run();
say(resultText(result));
const exitCode = result.ok ? await serve() : 1;
await attempt.dispose();
process.exit(exitCode);

async function serve(): Promise<number> {
  miss(attempt.stream);
  const local = await end.open(say);
  const { sent, received, broken } = await join(local, attempt.stream);
  say(`${sent} bytes sent, ${received} received${broken === undefined ? "" : `; broken off: ${broken}`}`);
  return broken === undefined ? ((await local.code) ?? 0) : 1;
}

interface Asked {
  readonly host: string;
  readonly port: number;
  readonly session: string;
  readonly technique: string;
  readonly withinMs: number;
  readonly local: LocalKind;
}

/** What was asked for, or what is wrong with it. */
function readArguments(): Asked | string {
  try {
    const { values } = parseArgs({
      options: {
        x: { type: "string" },
        session: { type: "string" },
        technique: { type: "string", default: "auto" },
        within: { type: "string", default: "30" },
        listen: { type: "string" },
        exec: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    const [host = "", portText = String(X_PORTS.rendezvous), ...rest] = (values.x ?? "").split(":");
    const { session = "", technique, listen, exec } = values;
    if (host === "" || rest.length > 0 || !isPort(portText)) return "--x HOST[:PORT] says where X is";
    if (session === "") return "--session KEY is the secret that both sides know";
    if (technique !== "auto" && !plainTechnique(technique))
      return `there is no technique ${technique}: auto, ${Object.keys(PLAIN).join(", ")}`;
    if (listen !== undefined && exec !== undefined) return "--listen and --exec exclude each other";
    if (listen !== undefined && !isPort(listen)) return "--listen PORT is from 1 to 65535";
    const within = Number(values.within);
    if (!(within >= 1 && within <= 600)) return "--within SECONDS is from 1 to 600";
    const local: LocalKind =
      listen !== undefined
        ? { kind: "listen", port: Number(listen) }
        : exec !== undefined
          ? { kind: "exec", command: exec }
          : { kind: "stdio" };
    return { host, port: Number(portText), session, technique, withinMs: within * 1000, local };
  } catch (error) {
    return (error as Error).message;
  }
}

function isPort(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

/** What this process may not do though the technique needs it whatever its role; and what works without. */
function missingFor(name: string): string | undefined {
  const technique = plainTechnique(name);
  if (!technique) return undefined;
  const lacking = (["a", "b"] as const).map((role) => lacksFor(technique, role, capabilities));
  if (lacking.some((lacks) => lacks.length === 0)) return undefined;
  const missing = [...new Set(lacking.flat())].map((capability) => WHAT[capability]).join(" and ");
  const rest = Object.values(PLAIN).filter((one) => lacksFor(one, "a", capabilities).length === 0);
  return `${name} needs ${missing}, which this process may not use: run it as root. Without, these work: auto, ${rest.map((one) => one.name).join(", ")}`;
}

async function addressOf(host: string): Promise<string> {
  try {
    return (await lookup(host, { family: 4 })).address;
  } catch (error) {
    throw new Error(`${host} has no IPv4 address that can be found (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
}

function fail(error: unknown): never {
  const { code, message } = (typeof error === "string" ? { message: error } : error) as NodeJS.ErrnoException;
  say(code === "EADDRINUSE" ? `that port is taken by another program (${message})` : message);
  process.exit(1);
}
