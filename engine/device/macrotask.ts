/**
 * A turn of the event loop.
 *
 * @module
 */

/** Lets timers, signals and messages in: a message to oneself, 0.06 ms where `setTimeout` takes 1 to 2. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
