export const X_ADDRESS = "127.0.0.1";

export type VisitorOrder =
  | { readonly order: "visit"; readonly id: number; readonly from: string; readonly to: string; readonly port: number }
  | { readonly order: "say"; readonly id: number; readonly hex: string }
  /** With RST. */
  | { readonly order: "leave"; readonly id: number }
  /** With FIN. */
  | { readonly order: "end"; readonly id: number }
  /** Tell of all that arrived so far, then `looked`. */
  | { readonly order: "look" };

export type VisitorEvent =
  | { readonly event: "ready" }
  | { readonly event: "connected"; readonly id: number }
  | { readonly event: "heard"; readonly id: number; readonly text: string }
  | { readonly event: "closed"; readonly id: number }
  | { readonly event: "forged"; readonly src: string; readonly dst: string }
  | { readonly event: "looked" };
