import { SIDES } from "../plan/shape.ts";
import { portExhausted } from "./exhausted.ts";
import { noCollision, spoofFiltered, sprayMissed, sweepEmpty, turnedAway } from "./forged.ts";
import { killedByIcmp } from "./icmp-killed.ts";
import { mispredicted, moved } from "./mispredicted.ts";
import { outOfState } from "./out-of-state.ts";
import { noMeeting } from "./no-meeting.ts";
import type { Blockage } from "./outcome.ts";
import { filtered, resetByHost, resetByNat } from "./refused.ts";
import type { Scene, SideOfScene } from "./scene.ts";
import { sourceRouteMistaken, sourceRouteRefused } from "./source-route.ts";

type Finder = (scene: Scene, side: SideOfScene) => Blockage | undefined;

/**
 * Nearest to the sender first. A wrong prediction and a RST both strike where the two sides' SYNs meet: of these, what struck
 * first counts, because a SYN that was already refused cannot miss any more.
 */
const STAGES: readonly (readonly Finder[])[] = [
  [killedByIcmp],
  [sourceRouteRefused],
  [sourceRouteMistaken],
  [portExhausted],
  [noCollision, noMeeting, sprayMissed, sweepEmpty],
  [outOfState],
  [mispredicted, moved, resetByNat, resetByHost],
  [spoofFiltered, turnedAway],
  [filtered],
];

/** The cause that counts among those the evidence shows; undefined when it shows none. */
export function findBlockage(scene: Scene): Blockage | undefined {
  for (const finders of STAGES) {
    const found = finders.flatMap((find) => SIDES.flatMap((side) => find(scene, scene.sides[side]) ?? []));
    const [first] = found.toSorted((one, other) => one.atUs - other.atUs);
    if (first) return first;
  }
  return undefined;
}
