import { parseArgs } from "node:util";
import { HOST_TECHNIQUES, X_PORTS } from "../wire/rendezvous.ts";
import type { LocalKind } from "./local-end.ts";

export const USAGE = `usage: node natbed-host.js --x HOST[:PORT] --session KEY [--technique NAME] [--listen PORT | --exec COMMAND]
The same words on both machines. Without --listen and --exec the connection is standard input and output.
  --x          where a natbed-x runs, and the port of its rendezvous (${X_PORTS.rendezvous})
  --session    a secret that both sides know and nobody else
  --technique  auto, the default, or one of ${HOST_TECHNIQUES.join(", ")}
  --within     seconds from the other side's arrival to a connection (30)
  --listen     the connection is what a program here sends to 127.0.0.1:PORT
  --exec       the connection is the standard input and output of this command
Exit code 0: both sides have ended, 1: no connection, or it broke, 2: asked wrongly; a command's own where it is not 0.`;

/** What a host is asked to do. */
export interface Asked {
  readonly host: string;
  readonly port: number;
  readonly session: string;
  readonly technique: string;
  readonly withinMs: number;
  readonly local: LocalKind;
}

/** What the command line asks for, or what is wrong with it. `--help` prints the usage and ends the process. */
export function readArguments(): Asked | string {
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
    if (technique !== "auto" && !HOST_TECHNIQUES.some((name) => name === technique))
      return `there is no technique ${technique}: auto, ${HOST_TECHNIQUES.join(", ")}`;
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
