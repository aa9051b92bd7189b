import { expandScenario, loadScenario } from "../../orchestrator/scenario/load.ts";
import { describeSelection, verdictOf } from "../kit/selection.ts";

const path = new URL("../../scenarios/causes.yaml", import.meta.url).pathname;
const cells = expandScenario(await loadScenario(path));

describeSelection({
  of: "every cause",
  scenario: "scenarios/causes.yaml",
  seed: 11,
  cells: Object.fromEntries(cells.map(({ id, block }) => [id, `blocked: ${block}`])),
  says: verdictOf,
});
