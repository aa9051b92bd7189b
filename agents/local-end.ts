import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, fstatSync, openSync } from "node:fs";
import { createServer, Socket, type AddressInfo } from "node:net";
import { Writable } from "node:stream";
import type { LocalEnd } from "./join.ts";

/** What a direct connection is joined to on this machine. */
export type LocalKind =
  | { readonly kind: "stdio" }
  | { readonly kind: "listen"; readonly port: number }
  | { readonly kind: "exec"; readonly command: string };

/** An end that is opened once there is a connection; what can be wrong with it shows before. */
export interface PreparedEnd {
  open(say: (line: string) => void): Promise<LocalEnd>;
}

/** Rejects with Node's error where a port to listen on cannot be had. */
export async function prepareEnd(local: LocalKind): Promise<PreparedEnd> {
  switch (local.kind) {
    case "stdio":
      return { open: async () => ({ input: process.stdin, output: standardOutput() }) };
    case "listen":
      return prepareListener(local.port);
    case "exec":
      return { open: async () => startCommand(local.command) };
  }
}

/** A stream of its own: process.stdout is never closed, and whoever reads it would not see the peer's end. */
function standardOutput(): Writable {
  const inner = isPipe(1) ? new Socket({ fd: 1, readable: false }) : createWriteStream("", { fd: 1 });
  const output = new Writable({
    write: (chunk: Buffer, _, done) => void inner.write(chunk, done),
    final: (done) => {
      inner.once("close", () => {
        openSync("/dev/null", "w"); // takes the free number, so that nothing else does
        done();
      });
      inner.end();
    },
  });
  inner.on("error", (error: Error) => output.destroy(error));
  return output;
}

/** What may be full at times, and is then waited for. */
function isPipe(fd: number): boolean {
  const stat = fstatSync(fd);
  return stat.isFIFO() || stat.isSocket();
}

/** Only this machine's own programs may connect, and the first that does is the one. */
async function prepareListener(port: number): Promise<PreparedEnd> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const guest = once(server, "connection") as Promise<[Socket]>;
  return {
    open: async (say) => {
      const { port: bound } = server.address() as AddressInfo;
      say(`waits for a program at 127.0.0.1:${bound}`);
      const [socket] = await guest;
      server.close();
      return { input: socket, output: socket };
    },
  };
}

/** A command that stops reading does not end what it still says: what comes for it then goes nowhere. */
function startCommand(command: string): LocalEnd {
  // a process group of its own, so that all of it can be ended
  const child = spawn("sh", ["-c", command], { stdio: ["pipe", "pipe", "inherit"], detached: true });
  child.stdin.on("error", () => {});
  const output = new Writable({
    write: (chunk: Buffer, _, done) => void child.stdin.write(chunk, () => done()),
    final: (done) => {
      child.stdin.end();
      done(); // one that is gone already never says that it has ended
    },
  });
  const code = new Promise<number>((resolve) => {
    child.on("error", () => resolve(1));
    child.on("close", (exitCode) => resolve(exitCode ?? 1));
  });
  return { input: child.stdout, output, code, stop: () => hangUp(child.pid) };
}

function hangUp(group: number | undefined): void {
  if (group === undefined) return;
  try {
    process.kill(-group, "SIGHUP");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // it has ended by itself
  }
}
