import { DEFAULT_IMAGE, type ComposeWorld } from "../../../orchestrator/plan/compose.ts";
import { expandScenario, loadScenario } from "../../../orchestrator/scenario/load.ts";

export const REFERENCES = {
  preserve: "keep the hosts' ports",
  sequential: "give one port after the other",
  random: "give ports at random",
} as const;

const scenario = await loadScenario(new URL("../../../scenarios/paper.yaml", import.meta.url).pathname);
const cells = expandScenario(scenario).filter(({ neighbours }) => !neighbours);

/** The worlds that compose/ holds: the paper's with both NATs alike, and every technique of the paper to try in them. */
export function referenceWorld(nat: keyof typeof REFERENCES): ComposeWorld {
  const cell = cells.find(({ id }) => id === `natblaster-2-normal.${nat}~${nat}.drop.te-drop`);
  if (!cell) throw new Error(`the paper's matrix has no such cell for ${nat}`);
  const attempts = cells.map(({ id, technique, deadlineMs }) => [id.split(".")[0] ?? id, { technique, deadlineMs }]);
  return {
    name: `natbed-${nat}`,
    about: `A natbed world as a plain compose project. Both NATs ${REFERENCES[nat]}, drop SYNs that no mapping admits, and drop ICMP time-exceeded.`,
    na: cell.na,
    nb: cell.nb,
    core: cell.core,
    image: DEFAULT_IMAGE,
    attempts: Object.fromEntries(attempts) as ComposeWorld["attempts"],
  };
}
