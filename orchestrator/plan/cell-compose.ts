import type { Cell } from "../scenario/cell.ts";
import { deadlineOf } from "./deadline.ts";
import { DEFAULT_IMAGE, renderCompose } from "./compose.ts";
import { shapeOf } from "./shape.ts";

export interface Replay {
  /** Seed of the cell's first trial; those of the others end with their number. */
  readonly seed: string;
  /** Release of the engine's kernel, e.g. `6.18.44`. */
  readonly kernel: string;
}

/** The compose file with which a cell's world can be brought up, and its trials be played again, without natbed's orchestrator. */
export function renderCellCompose(cell: Cell, { seed, kernel }: Replay): string {
  const { na, nb, core, carrier, neighbours, technique } = cell;
  const noisy = shapeOf(cell).neighbours.map((side) => `${side}2`);
  const part = cell.id.split(".")[0] ?? cell.id;
  const play = [
    `for side in a b; do docker compose exec -T $side node agents/attempt.js '${part}' '${seed}' </dev/null & done; wait`,
    ...noisy.map((id) => `with ${id} at work meanwhile: docker compose exec -d ${id} node agents/neighbour.js`),
  ];
  return renderCompose({
    name: `natbed-${cell.id.replaceAll(/[^a-z0-9]+/g, "-")}`,
    about: `The world of the cell ${cell.id} of natbed's scenario ${cell.scenario}. Its first trial again (the seed's last number is the trial's):\n${play.join("\n")}`,
    na,
    nb,
    core,
    ...(carrier ? { carrier } : {}),
    ...(neighbours ? { neighbours } : {}),
    image: DEFAULT_IMAGE,
    attempts: { [part]: { technique, deadlineMs: deadlineOf(cell) } },
    kernel,
  });
}
