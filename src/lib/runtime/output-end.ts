// Decides when the output of a process is complete: at end of file, or when the process is gone and the pipe is quiet.

/** A daemon that keeps the pipe open must not hold us up: this much silence after the exit ends the output. */
const QUIET_MS = 50;
/** A daemon that keeps talking must not hold us up either. */
const LONGEST_MS = 1000;

/** Told of every chunk, of end of file and of the exit; `complete` resolves once, after the last delivered chunk. */
export class OutputEnd {
  readonly complete: Promise<void>;
  private finish: () => void = () => {};
  private exited = false;
  private ended = false;
  private chunks = 0;
  private openStreams: number;

  constructor(streams: number) {
    this.openStreams = streams;
    this.complete = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  chunkArrived(): void {
    this.chunks += 1;
  }

  streamEnded(): void {
    this.openStreams -= 1;
    if (this.openStreams <= 0) this.ended = true;
    if (this.ended && this.exited) this.finish();
  }

  processExited(): void {
    this.exited = true;
    if (this.ended) this.finish();
    else this.awaitQuiet(performance.now() + LONGEST_MS);
  }

  private awaitQuiet(deadline: number): void {
    const before = this.chunks;
    setTimeout(() => {
      // After a busy stretch the timer can be due before bytes that already wait in the pipe: let those come first.
      setImmediate(() =>
        setImmediate(() => {
          if (this.ended) return;
          if (this.chunks === before || performance.now() >= deadline) this.finish();
          else this.awaitQuiet(deadline);
        }),
      );
    }, QUIET_MS);
  }
}
