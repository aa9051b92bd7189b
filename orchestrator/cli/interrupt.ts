/**
 * An abort signal for Ctrl-C and SIGTERM: the first one asks the run to stop and clean up, the second ends the process at once.
 * Disposing takes the handlers away.
 */
export function watchInterrupts(say: (line: string) => void): { signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(130);
    say(`natbed: ${name}, cleaning up; once more exits at once`);
    controller.abort(new Error(name));
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => void process.off("SIGINT", onSignal).off("SIGTERM", onSignal),
  };
}
