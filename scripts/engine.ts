/** `make engine-start`, `make engine-stop`: the private engine alone. */
import { argv, echo } from "zx";
import { renderError } from "../orchestrator/errors.ts";
import { startPrivateEngine, stopPrivateEngine } from "../orchestrator/engine/index.ts";

try {
  switch (argv._[0]) {
    case "start": {
      const { version, endpoint } = await startPrivateEngine(echo);
      echo(`private engine: docker ${version} at ${endpoint}`);
      break;
    }
    case "stop":
      echo((await stopPrivateEngine()) === "stopped" ? "private engine: stopped" : "private engine: was not running");
      break;
    default:
      console.error("usage: node scripts/engine.ts start|stop");
      process.exitCode = 2;
  }
} catch (error) {
  console.error(renderError(error));
  process.exitCode = 3;
}
