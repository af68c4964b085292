// Collects the output of one process: for the model call by call, for its item as a whole, and in full in a spill file.
import { createGarbageMeter } from '../lib/runtime/memory.ts';
import { unfinishedTail } from '../lib/truncate.ts';
import type { SpillFile } from '../protocol/tool.ts';
import { OutputBuffer, renderBytes } from './output-buffer.ts';

/** Two buffers of this size make 1 MiB a process at most. */
const BUFFER_BYTES = 512 * 1024;
const SPILL_LIMIT = 64 * 1024 * 1024;
/** Output shown live, beyond which only the item's end shows more: bounds the number of events. */
const LIVE_LIMIT = 8 * 1024 * 1024;

export interface OutputPorts {
  openSpill(): SpillFile;
  /** Gets text as it comes. */
  showLive(text: string): void;
}

export interface TakenOutput {
  /** Ready for the model: with a header when it was cut. */
  text: string;
  originalTokens: number;
}

export class CommandOutput {
  private readonly ports: OutputPorts;
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  private readonly all = new OutputBuffer(BUFFER_BYTES);
  private readonly fresh = new OutputBuffer(BUFFER_BYTES);
  private readonly garbage = createGarbageMeter();
  private shown = 0;
  private spill: SpillFile | null = null;
  private spilled = 0;
  private spillProblem: string | null = null;
  private spillClosed = false;

  constructor(ports: OutputPorts) {
    this.ports = ports;
  }

  push(chunk: Uint8Array): void {
    if (this.all.wouldDrop(chunk.length)) this.openSpill();
    this.all.push(chunk);
    this.fresh.push(chunk);
    this.spillChunk(chunk);
    this.garbage.add(chunk.length);
    if (this.shown >= LIVE_LIMIT) return;
    this.shown += chunk.length;
    const text = this.decoder.decode(chunk, { stream: true });
    if (text !== '') this.ports.showLive(text);
  }

  /** What came since the last call. While more may come, a character whose rest is missing waits for it. */
  take(maxTokens: number, options: { final: boolean }): TakenOutput {
    const bytes = this.fresh.read();
    this.fresh.clear();
    const end = bytes.tail.length > 0 ? bytes.tail : bytes.head;
    const held = options.final ? 0 : unfinishedTail(end);
    if (held > 0) {
      this.fresh.push(end.subarray(end.length - held));
      if (end === bytes.tail) bytes.tail = end.subarray(0, end.length - held);
      else bytes.head = end.subarray(0, end.length - held);
    }
    const { text, originalTokens, omittedTokens } = renderBytes(bytes, maxTokens);
    if (omittedTokens === 0) return { text, originalTokens };
    this.openSpill();
    return { text: `Total output lines: ${bytes.lines}\n${this.spillNotice()}\n\n${text}`, originalTokens };
  }

  /** The output as a whole, capped in the middle. */
  aggregate(): string {
    return renderBytes(this.all.read(), BUFFER_BYTES).text;
  }

  /** No more output will come. */
  close(): void {
    this.spillClosed = true;
    this.spill?.close();
  }

  /** Opened at the latest moment at which everything from the start is still in memory. */
  private openSpill(): void {
    if (this.spill !== null || this.spillProblem !== null) return;
    try {
      this.spill = this.ports.openSpill();
    } catch (error) {
      this.spillProblem = error instanceof Error ? error.message : String(error);
      return;
    }
    const { head, tail } = this.all.read();
    this.spillChunk(head);
    this.spillChunk(tail);
    if (this.spillClosed) this.spill.close();
  }

  private spillChunk(chunk: Uint8Array): void {
    if (this.spill === null || this.spillProblem !== null) return;
    const room = SPILL_LIMIT - this.spilled;
    if (room <= 0) return;
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
    try {
      this.spill.write(part);
      this.spilled += part.length;
    } catch (error) {
      this.spillProblem = error instanceof Error ? error.message : String(error);
    }
  }

  private spillNotice(): string {
    if (this.spill === null) return `Full output: could not be kept (${this.spillProblem})`;
    const { path } = this.spill;
    if (this.spillProblem !== null) return `Full output: ${path} (incomplete: ${this.spillProblem})`;
    return `Full output: ${path}${this.spilled >= SPILL_LIMIT ? ' (only its first 64 MiB)' : ''}`;
  }
}
