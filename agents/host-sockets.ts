import type { Socket } from "node:net";
import type { FailureCode } from "../wire/control.ts";
import { HELLO_BYTES, helloOf } from "../wire/hello.ts";
import { peerOf } from "./technique/machine.ts";
import type { HostRole } from "../wire/rendezvous.ts";

interface Greeting {
  readonly role: HostRole;
  readonly session: string;
  readonly key: string;
}

/** Sends our hello and resolves once the peer's arrived; rejects when the connection breaks or the hello is wrong. */
export function greet(stream: Socket, { role, session, key }: Greeting): Promise<void> {
  const expected = helloOf(peerOf(role), session, key);
  stream.write(helloOf(role, session, key));
  return new Promise((resolve, reject) => {
    const onReadable = (): void => {
      const hello = stream.read(HELLO_BYTES) as Buffer | null;
      if (!hello) return;
      stream.removeListener("readable", onReadable);
      stream.removeListener("error", reject);
      if (hello.equals(expected)) resolve();
      else reject(new Error("the peer's hello is not of this session"));
    };
    stream.on("readable", onReadable);
    stream.on("error", reject);
    stream.once("end", () => reject(new Error("closed before the peer's hello")));
  });
}

const FAILURE_OF: Readonly<Record<string, FailureCode>> = {
  ECONNREFUSED: "peer-nat-reset",
  ECONNRESET: "reset-after-open",
  EPIPE: "reset-after-open",
  EHOSTUNREACH: "icmp-leak",
  ENETUNREACH: "icmp-leak",
  EPERM: "missing-capability",
  EACCES: "missing-capability",
  EADDRINUSE: "port-busy",
  EADDRNOTAVAIL: "port-busy",
};

/** The typed failure behind a socket error; `otherwise` where its code says nothing special. */
export function failureOf(error: unknown, otherwise: FailureCode): { failure: FailureCode; detail: string } {
  const { code, message } = error as { code?: string; message?: string };
  return { failure: FAILURE_OF[code ?? ""] ?? otherwise, detail: message ?? String(error) };
}
