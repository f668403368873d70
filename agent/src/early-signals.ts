/** Imported before all else: from the first moment on, a signal to stop ends the agent in good order, however far it has got. */

/** Resolves to the first signal that asks to stop. */
export const stopSignal = new Promise<NodeJS.Signals>((resolve) => {
  process.once('SIGINT', resolve);
  process.once('SIGTERM', resolve);
});
