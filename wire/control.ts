/** Containers of a world: hosts A and B, their NATs, the core router R, the helper X, and A's inside neighbour A2. */
export const NODE_IDS = ["a", "na", "r", "nb", "b", "x", "a2"] as const;
export type NodeId = (typeof NODE_IDS)[number];

/** Options every technique has. */
interface PunchOptions {
  /** Added to the predicted outside port before it is told to the peer; anything but 0 is a deliberate mis-prediction (control). */
  readonly predictionOffset: number;
  /** Pause between port prediction and punching, in ms. */
  readonly gapMs: number;
  /** B punches so many ms after A. */
  readonly skewMs: number;
}

/** A traversal technique with its parameters, as agents run it. */
export type TechniqueSpec =
  | { readonly name: "connect" }
  | { readonly name: "public" }
  | { readonly name: "relay" }
  | ({ readonly name: "simultaneous-open"; readonly retryMs: number } & PunchOptions)
  | ({ readonly name: "natblaster-2"; readonly syn: "normal" | "low-ttl" } & PunchOptions)
  | ({ readonly name: "natblaster-4"; readonly syns: number } & PunchOptions);
export type TechniqueName = TechniqueSpec["name"];
