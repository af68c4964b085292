// Cuts text to a size in tokens or bytes, keeping whole characters and both ends.
import { bytesForTokens, tokensOfBytes } from './tokens.ts';

export interface CutText {
  text: string;
  /** Tokens that were left out; 0 when the text is whole. */
  omittedTokens: number;
}

/**
 * Keeps the beginning and the end of a text when it is longer than `maxTokens`, with a marker
 * `…N tokens truncated…` between them. The marker comes on top of the limit.
 */
export function truncateMiddle(text: string, maxTokens: number): CutText {
  const budget = bytesForTokens(Math.max(0, Math.floor(maxTokens)));
  // A UTF-16 unit is at most three bytes: most texts are known to fit without counting.
  if (text.length * 3 <= budget) return { text, omittedTokens: 0 };
  const size = Buffer.byteLength(text);
  if (size <= budget) return { text, omittedTokens: 0 };
  const bytes = Buffer.from(text);
  const head = headOf(bytes, Math.ceil(budget / 2));
  const tail = tailOf(bytes, Math.floor(budget / 2));
  return joinCut(bytes.toString('utf8', 0, head), bytes.toString('utf8', size - tail), size - head - tail);
}

/** Joins the two ends of a text around the marker for `omittedBytes` missing bytes. */
export function joinCut(head: string, tail: string, omittedBytes: number): CutText {
  const omittedTokens = tokensOfBytes(omittedBytes);
  return { text: `${head}…${omittedTokens} tokens truncated…${tail}`, omittedTokens };
}

/** The longest beginning of at most `limit` bytes that ends between two characters, as a length. */
export function headOf(bytes: Uint8Array, limit: number): number {
  if (limit >= bytes.length) return bytes.length;
  let end = Math.max(0, limit);
  for (let step = 0; step < 3 && end > 0 && isContinuation(bytes[end]); step++) end--;
  return isContinuation(bytes[end]) ? Math.max(0, limit) : end;
}

/** The longest end of at most `limit` bytes that starts between two characters, as a length. */
export function tailOf(bytes: Uint8Array, limit: number): number {
  if (limit >= bytes.length) return bytes.length;
  let start = bytes.length - Math.max(0, limit);
  for (let step = 0; step < 3 && start < bytes.length && isContinuation(bytes[start]); step++) start++;
  return bytes.length - start;
}

/** Number of bytes (0 to 3) at the end that begin a character whose rest has not come yet. */
export function unfinishedTail(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if (isContinuation(byte)) continue;
    const length = byte >= 0xf0 && byte < 0xf8 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
    return byte < 0xf8 && length > back ? back : 0;
  }
  return 0;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
