// One job: run asynchronous work one piece at a time, in the order it was handed in.

export function makeQueue() {
  let tail = Promise.resolve();
  return function inTurn(work) {
    const run = tail.then(work);
    // A piece that fails must not stop the ones behind it; its caller still sees the failure.
    tail = run.catch(() => {});
    return run;
  };
}
