import { harmless } from "../report/harmless.ts";
import { lineReporter } from "../report/line.ts";
import type { RunEvent } from "../report/events.ts";
import { advance, NOT_STARTED, renderFrame } from "../report/progress.ts";
import { paintFor } from "../report/words.ts";

/** Shows a run while it goes on. */
export interface Display extends Disposable {
  show(event: RunEvent): void;
}

/** A live view on a terminal; a line per cell elsewhere, in CI, and where lines are wanted. */
export async function openDisplay(stream: NodeJS.WriteStream, { lines = false } = {}): Promise<Display> {
  const live = stream.isTTY && !process.env["CI"] && !lines;
  return unbreakable(live ? await openLive(stream) : openLines(stream), stream);
}

function openLines(stream: NodeJS.WriteStream): Display {
  const render = lineReporter(paintFor(stream));
  return {
    show: (event) => {
      const line = render(event);
      if (line !== undefined) stream.write(`${line}\n`);
    },
    [Symbol.dispose]: () => {},
  };
}

const FRAME_MS = 100;

async function openLive(stream: NodeJS.WriteStream): Promise<Display> {
  const { createLogUpdate } = await import("log-update");
  const update = createLogUpdate(stream);
  const paint = paintFor(stream);
  let progress = NOT_STARTED;
  const draw = () => update(renderFrame(progress, { now: Date.now(), paint, columns: stream.columns || 80 }));
  const timer = setInterval(draw, FRAME_MS);
  return {
    show: (event) => {
      progress = advance(progress, event, Date.now());
    },
    [Symbol.dispose]: () => {
      clearInterval(timer);
      update.clear();
      update.done();
    },
  };
}

/** A reporter's crash must not change a run: it is told once, and then the display stays silent. */
function unbreakable(display: Display, stream: NodeJS.WriteStream): Display {
  let broken = false;
  const onError = () => {
    broken = true;
  };
  stream.on("error", onError);
  return {
    show: (event) => {
      if (broken) return;
      try {
        display.show(harmless(event));
      } catch (error) {
        broken = true;
        process.stderr.write(`natbed: the display failed and stays off: ${String(error)}\n`);
      }
    },
    [Symbol.dispose]: () => {
      display[Symbol.dispose]();
      stream.off("error", onError);
    },
  };
}
