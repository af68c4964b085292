// The text of a file as lines with their own line ends, so that an edit changes only what it means to change.

export interface TextFile {
  /** `\uFEFF` or nothing. */
  bom: string;
  /** Without line ends. */
  lines: string[];
  /** The end of each line: `\n`, `\r\n`, or nothing for a last line without one. */
  ends: string[];
  /** What most lines end with: given to new lines. */
  lineEnd: '\n' | '\r\n';
}

export function splitTextFile(text: string): TextFile {
  const bom = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const lines = text.slice(bom.length).split('\n');
  const ends: string[] = lines.map(() => '\n');
  ends[ends.length - 1] = '';
  let crlf = 0;
  let lf = 0;
  for (let i = 0; i < lines.length - 1; i++) {
    const line = lines[i] as string;
    if (!line.endsWith('\r')) {
      lf++;
      continue;
    }
    lines[i] = line.slice(0, -1);
    ends[i] = '\r\n';
    crlf++;
  }
  if (lines.at(-1) === '') {
    lines.pop();
    ends.pop();
  }
  return { bom, lines, ends, lineEnd: crlf > lf ? '\r\n' : '\n' };
}

/** Decodes UTF-8 strictly, byte order mark kept; null when the bytes are no text. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
