import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import { HELLO_BYTES, NONCE_BYTES, PROOF_BYTES, helloOf, proofOf, type Claim, type Nonces } from "../wire/hello.ts";
import type { HostRole } from "../wire/rendezvous.ts";
import { peerOf } from "./technique/machine.ts";

export interface Identity {
  readonly role: HostRole;
  readonly session: string;
  readonly key: string;
}

/** Who answered does not have the session's key. `code` is as in Node's own errors. */
class StrangerError extends Error {
  readonly code = "ESTRANGER";
}

/**
 * What two hosts say to each other on a connection before it counts: hello and nonce, then the proof that answers both nonces. The same
 * bytes from somebody who heard them on another connection prove nothing here.
 */
export class Greeting {
  readonly #stream: Socket;
  readonly #own: Identity;
  readonly #nonce = randomBytes(NONCE_BYTES);
  #nonces: Nonces | undefined;

  constructor(stream: Socket, own: Identity) {
    this.#stream = stream;
    this.#own = own;
  }

  /** Resolves once the peer has proved itself; rejects when the connection breaks or it is not the peer. */
  async verify(): Promise<void> {
    const { role, session, key } = this.#own;
    this.#stream.write(Buffer.concat([helloOf(role, session, key), this.#nonce]));
    const said = await read(this.#stream, HELLO_BYTES + NONCE_BYTES);
    if (!said.subarray(0, HELLO_BYTES).equals(helloOf(peerOf(role), session, key)))
      throw new StrangerError("the peer's hello is not of this session");
    const [own, other] = [this.#nonce, said.subarray(HELLO_BYTES)];
    this.#nonces = role === "a" ? { a: own, b: other } : { a: other, b: own };
    this.#claim("present");
    await this.#expect("present");
  }

  /** Tells the peer that this connection is the one; resolves once it says the same. */
  async choose(): Promise<void> {
    this.#claim("chosen");
    await this.#expect("chosen");
  }

  /** Resolves once the peer has chosen this connection, and says the same. */
  async awaitChoice(): Promise<void> {
    await this.#expect("chosen");
    this.#claim("chosen");
  }

  #claim(claim: Claim): void {
    this.#stream.write(this.#proof(claim, this.#own.role));
  }

  async #expect(claim: Claim): Promise<void> {
    const said = await read(this.#stream, PROOF_BYTES);
    if (!timingSafeEqual(said, this.#proof(claim, peerOf(this.#own.role))))
      throw new StrangerError("the peer's answer to the nonce is wrong");
  }

  #proof(claim: Claim, role: HostRole): Buffer {
    if (!this.#nonces) throw new Error("nonces were not exchanged yet");
    return proofOf(claim, role, this.#nonces, this.#own);
  }
}

/** Exactly `length` bytes; what comes behind them stays in the stream. */
function read(stream: Socket, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (run: () => void): void => {
      stream.removeListener("readable", onReadable).removeListener("error", onError).removeListener("end", onEnd);
      run();
    };
    const onReadable = (): void => {
      const bytes = stream.read(length) as Buffer | null;
      if (bytes?.length === length) settle(() => resolve(bytes));
      else if (bytes) onEnd();
    };
    const onError = (error: Error): void => settle(() => reject(error));
    const onEnd = (): void => settle(() => reject(new Error("closed before the peer's proof")));
    if (stream.destroyed) return reject(stream.errored ?? new Error("closed before the peer's proof"));
    stream.on("readable", onReadable).on("error", onError).on("end", onEnd);
    onReadable();
  });
}
