// Writes to the standard streams so that a reader who left early ends the program quietly.

export interface Output {
  out(text: string): Promise<void>;
  err(text: string): void;
}

/** The real stdout and stderr of this process. */
export function processOutput(): Output {
  return {
    out: (text) => writeAll(process.stdout, text),
    err: (text) => void process.stderr.write(text),
  };
}

/** Resolves when the text is handed over, or when the reader has closed its end (`EPIPE`). */
function writeAll(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: NodeJS.ErrnoException | null): void => {
      if (error && error.code !== 'EPIPE') reject(error);
      else resolve();
    };
    // Without a listener the same error would also be thrown as an uncaught event.
    stream.once('error', settle);
    stream.write(text, settle);
  });
}
