/** Result of every decoder: malformed bytes are a value that says what is wrong, never a throw. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

export function decoded<T>(value: T): Decoded<T> {
  return { ok: true, value };
}

export function malformed(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}
