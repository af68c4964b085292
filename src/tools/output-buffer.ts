// Keeps the beginning and the end of a stream of bytes in bounded memory.
import { bytesForTokens } from '../lib/tokens.ts';
import { headOf, joinCut, tailOf, unfinishedTail } from '../lib/truncate.ts';
import { tokensOfBytes } from '../lib/tokens.ts';

const FIRST_BLOCK = 4096;

/** What a buffer holds: the stream is `head`, then `dropped` bytes that are gone, then `tail`. */
export interface BufferedBytes {
  head: Uint8Array;
  dropped: number;
  tail: Uint8Array;
  lines: number;
}

export class OutputBuffer {
  private readonly half: number;
  private head = new Uint8Array(0);
  private headLength = 0;
  /** A ring once it is full; made when the head is. */
  private tail: Uint8Array | null = null;
  private tailTotal = 0;
  private newlines = 0;
  private endsOpen = false;

  /** Holds at most `capacity` bytes, half of them from the beginning. */
  constructor(capacity: number) {
    this.half = Math.max(1, Math.floor(capacity / 2));
  }

  /** Bytes that came since the start or the last `clear`. */
  get size(): number {
    return this.headLength + this.tailTotal;
  }

  /** Whether `more` bytes would push others out. */
  wouldDrop(more: number): boolean {
    return this.size + more > this.half * 2;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    for (let i = 0; i < chunk.length; i++) if (chunk[i] === 10) this.newlines++;
    this.endsOpen = chunk[chunk.length - 1] !== 10;
    const room = Math.min(chunk.length, this.half - this.headLength);
    if (room > 0) {
      this.growHead(this.headLength + room);
      this.head.set(chunk.subarray(0, room), this.headLength);
      this.headLength += room;
    }
    if (room < chunk.length) this.pushTail(chunk.subarray(room));
  }

  read(): BufferedBytes {
    const { half, tailTotal } = this;
    const ring = this.tail ?? new Uint8Array(0);
    const kept = Math.min(tailTotal, half);
    const tail = new Uint8Array(kept);
    const start = (tailTotal - kept) % half;
    const first = Math.min(kept, half - start);
    tail.set(ring.subarray(start, start + first));
    tail.set(ring.subarray(0, kept - first), first);
    return {
      head: this.head.slice(0, this.headLength),
      dropped: tailTotal - kept,
      tail,
      lines: this.newlines + (this.endsOpen ? 1 : 0),
    };
  }

  clear(): void {
    this.head = new Uint8Array(0);
    this.headLength = 0;
    this.tail = null;
    this.tailTotal = 0;
    this.newlines = 0;
    this.endsOpen = false;
  }

  private growHead(needed: number): void {
    if (needed <= this.head.length) return;
    const size = Math.min(this.half, Math.max(needed, this.head.length * 2, FIRST_BLOCK));
    const grown = new Uint8Array(size);
    grown.set(this.head.subarray(0, this.headLength));
    this.head = grown;
  }

  private pushTail(chunk: Uint8Array): void {
    const { half } = this;
    this.tail ??= new Uint8Array(half);
    const skipped = Math.max(0, chunk.length - half);
    const data = chunk.subarray(skipped);
    const start = (this.tailTotal + skipped) % half;
    const first = Math.min(data.length, half - start);
    this.tail.set(data.subarray(0, first), start);
    this.tail.set(data.subarray(first), 0);
    this.tailTotal += chunk.length;
  }
}

export interface RenderedOutput {
  text: string;
  /** Tokens of all that came. */
  originalTokens: number;
  /** 0: the text is whole. */
  omittedTokens: number;
}

/** The text of buffered bytes, cut in the middle when it is longer than `maxTokens`; bad UTF-8 is replaced. */
export function renderBytes(bytes: BufferedBytes, maxTokens: number): RenderedOutput {
  const { head, dropped, tail } = bytes;
  const size = head.length + dropped + tail.length;
  const originalTokens = tokensOfBytes(size);
  const budget = bytesForTokens(Math.max(0, Math.floor(maxTokens)));
  const whole = dropped === 0 ? Buffer.concat([head, tail]) : null;
  if (whole !== null && size <= budget)
    return { text: whole.toString('utf8'), originalTokens, omittedTokens: 0 };
  // The gap of a full buffer may lie inside a character.
  const front = whole ?? Buffer.from(head.subarray(0, head.length - unfinishedTail(head)));
  const back = whole ?? Buffer.from(tail.subarray(leadingContinuations(tail)));
  const headLength = headOf(front, Math.ceil(budget / 2));
  const tailLength = tailOf(back, Math.floor(budget / 2));
  const cut = joinCut(
    front.toString('utf8', 0, headLength),
    back.toString('utf8', back.length - tailLength),
    size - headLength - tailLength,
  );
  return { ...cut, originalTokens };
}

function leadingContinuations(bytes: Uint8Array): number {
  let count = 0;
  while (count < 3 && ((bytes[count] ?? 0) & 0xc0) === 0x80) count++;
  return count;
}
