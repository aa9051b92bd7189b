import { ATTEMPT_WINDOWS } from "../wire/attempt.ts";
import { AF_INET, SOCK_STREAM, bindSocket, closeDescriptor, openSocket, socketAddress } from "./net/libc.ts";

/**
 * The first of an attempt's consecutive local ports: those that were drawn, unless another program has one of them, then the next that are
 * free. Throws EADDRINUSE where none are.
 */
export function freeWindow(drawn: number): number {
  const { first, ports, count } = ATTEMPT_WINDOWS;
  const windows = Array.from(
    { length: count },
    (_, index) => first + ((drawn - first + index * ports) % (count * ports)),
  );
  const free = windows.find((start) => isFree(start, ports));
  if (free !== undefined) return free;
  const message = `other programs hold local TCP ports in each of the ${count} groups between ${first} and ${first + count * ports - 1}`;
  throw Object.assign(new Error(message), { code: "EADDRINUSE" });
}

function isFree(start: number, ports: number): boolean {
  for (let port = start; port < start + ports; port += 1) if (!canBind(port)) return false;
  return true;
}

/** Without SO_REUSEADDR a port is ours only where nobody is bound to it, be it for a connection that has ended (TIME_WAIT). */
function canBind(port: number): boolean {
  const fd = openSocket(AF_INET, SOCK_STREAM, 0);
  try {
    bindSocket(fd, socketAddress("0.0.0.0", port));
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "EADDRINUSE") return false;
    throw error;
  } finally {
    closeDescriptor(fd);
  }
}
