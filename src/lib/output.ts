// Writing to stdout and stderr so that nothing is lost at exit and a reader that went away is noticed.

export interface Output {
  readonly isTerminal: boolean;
  write(text: string): void;
  /** Resolves when everything was handed to the system, or the reader is gone. */
  flush(): Promise<void>;
  /** Called once when the reader has closed its end. */
  onClosed: (() => void) | null;
}

/** Wraps a Node stream. A closed pipe is an event, not an exception. */
export function createOutput(stream: NodeJS.WriteStream): Output {
  let pending = 0;
  let isClosed = false;
  let idle: (() => void)[] = [];
  const settle = (): void => {
    if (pending > 0 && !isClosed) return;
    for (const resolve of idle) resolve();
    idle = [];
  };
  const output: Output = {
    isTerminal: stream.isTTY,
    onClosed: null,
    write(text) {
      if (isClosed || text === '') return;
      pending++;
      stream.write(text, () => {
        pending--;
        settle();
      });
    },
    flush() {
      if (pending === 0 || isClosed) return Promise.resolve();
      return new Promise((resolve) => idle.push(resolve));
    },
  };
  stream.on('error', () => {
    if (isClosed) return;
    isClosed = true;
    settle();
    output.onClosed?.();
  });
  return output;
}
