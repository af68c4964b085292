// Decides what of a run's text comes from the command line and what from stdin.
import { userTextOf } from '../frontends/exec/options.ts';
import { UsageError } from '../protocol/error.ts';
import { decodeText } from './decode-text.ts';
import type { StdinMode } from './invocation.ts';

/** Longest text of one turn, in characters. Source: Codex 0.118 and 0.169. */
export const MAX_INPUT_CHARACTERS = 1_048_576;
/** No encoding we read needs more bytes for a character than 4; what is beyond is counted, not kept. */
const MAX_KEPT_BYTES = 4 * MAX_INPUT_CHARACTERS + 4;
/** Counting ends here, so that an endless pipe is refused too. */
const MAX_COUNTED_BYTES = 256 * 1024 * 1024;
/** How long a prompt waits for the first byte of a pipe. */
export const FIRST_BYTE_WAIT_MS = 3000;

/**
 * `terminal`: a person; `closed`: no descriptor; `null-device`: `/dev/null`; `open`: a pipe, socket or file.
 * `read` gives the next bytes or null at the end; `close` stops reading for good.
 */
export interface StdinSource {
  kind: 'terminal' | 'closed' | 'null-device' | 'open';
  read(): Promise<Uint8Array | null>;
  close(): void;
}

export interface InputRequest {
  /** The prompt of the command line; null when there is none, `-` when stdin is asked for. */
  prompt: string | null;
  /** A run that needs no prompt (a review of a scope) leaves stdin alone when there is none. */
  isPromptOptional: boolean;
  mode: StdinMode;
  /** For the message when there is no prompt at all. */
  hint: string | null;
}

export interface InputPorts {
  source: StdinSource;
  /** One line for stderr. */
  note(line: string): void;
  /** Resolves after `ms`, or when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/**
 * Reads stdin as the request needs it: as the prompt, or as data beside a prompt.
 * Throws a `UsageError` (exit code 1) for no prompt, text that cannot be decoded, and text that is too long.
 */
export async function resolveInput(
  request: InputRequest,
  ports: InputPorts,
): Promise<{ prompt: string | null; stdin: string | null }> {
  const { prompt, mode } = request;
  if (prompt !== null && prompt !== '-') {
    const stdin = await readBeside(request, ports);
    checkLength(prompt, stdin);
    if (prompt.trim() === '' && stdin === null) throw noPrompt(request, 'The prompt is empty.');
    return { prompt, stdin };
  }
  if (prompt === null && request.isPromptOptional) return { prompt: null, stdin: null };
  if (mode === 'ignore') throw noPrompt(request, 'No prompt provided, and --stdin=ignore forbids stdin.');
  const text = await readPrompt(request, ports);
  checkLength(text, null);
  return { prompt: text, stdin: null };
}

async function readPrompt(request: InputRequest, ports: InputPorts): Promise<string> {
  const { source } = ports;
  if (source.kind === 'terminal' && request.prompt === null) {
    throw noPrompt(
      request,
      'No prompt provided. Either specify one as an argument or pipe the prompt into stdin.',
    );
  }
  if (source.kind === 'terminal') ports.note('Reading prompt from the terminal; end it with Ctrl-D...');
  else if (source.kind === 'open' && request.prompt === null) ports.note('Reading prompt from stdin...');
  const text = hasBytes(source) ? decode(await readAll(source, null)) : '';
  if (text.trim() === '') throw noPrompt(request, 'No prompt provided via stdin.');
  return text;
}

async function readBeside(request: InputRequest, ports: InputPorts): Promise<string | null> {
  const { source } = ports;
  if (request.mode === 'ignore') return null;
  let bytes: ReadBytes | null = null;
  if (source.kind === 'open') {
    ports.note('Reading additional input from stdin...');
    bytes = await readUnlessSilent(request, ports);
  }
  const data = bytes === null ? '' : decode(bytes);
  // Blank data is no data, as in Codex.
  const text = data.trim() === '' ? '' : data;
  if (text === '' && request.mode === 'require') {
    throw new UsageError(
      'stdin is empty, but --stdin=require asks for input. Nothing was sent to the model.',
    );
  }
  return text === '' ? null : text;
}

/** Waits for the first byte only so long, unless input is required: nobody may hold the other end of the pipe. */
async function readUnlessSilent(request: InputRequest, ports: InputPorts): Promise<ReadBytes | null> {
  const { source } = ports;
  if (request.mode === 'require') return readAll(source, null);
  const awake = new AbortController();
  const first = source.read();
  const silence = ports.sleep(FIRST_BYTE_WAIT_MS, awake.signal).then(() => 'silent' as const);
  const winner = await Promise.race([first, silence]);
  if (winner !== 'silent') {
    awake.abort();
    return winner === null ? null : readAll(source, winner);
  }
  // The pending read fails or ends when the source is closed; nobody waits for it any more.
  first.catch(() => undefined);
  source.close();
  ports.note(
    `No input on stdin for ${FIRST_BYTE_WAIT_MS / 1000} s: going on without it. (--stdin=require waits, --stdin=ignore or </dev/null does not.)`,
  );
  return null;
}

interface ReadBytes {
  kept: Uint8Array;
  /** Bytes seen; more than `kept` has when the limit is passed. */
  total: number;
}

async function readAll(source: StdinSource, first: Uint8Array | null): Promise<ReadBytes> {
  const chunks: Uint8Array[] = [];
  let kept = 0;
  let total = 0;
  let chunk = first ?? (await source.read());
  while (chunk !== null) {
    total += chunk.length;
    if (kept < MAX_KEPT_BYTES) {
      chunks.push(chunk);
      kept += chunk.length;
    }
    if (total > MAX_COUNTED_BYTES) {
      source.close();
      break;
    }
    chunk = await source.read();
  }
  return { kept: Buffer.concat(chunks), total };
}

function decode({ kept, total }: ReadBytes): string {
  if (total > MAX_KEPT_BYTES) {
    const size = total > MAX_COUNTED_BYTES ? `more than ${MAX_COUNTED_BYTES}` : `${total}`;
    throw tooLong(`stdin holds ${size} bytes`);
  }
  const decoded = decodeText(kept);
  if (decoded.ok) return decoded.text;
  throw new UsageError(
    `Failed to read prompt from stdin: input is not valid ${decoded.encoding} (invalid byte at offset ${decoded.offset}). Convert it to UTF-8 and try again, for example with: iconv -f <ENCODING> -t UTF-8`,
  );
}

function checkLength(prompt: string, stdin: string | null): void {
  // A string never has more characters than UTF-16 units.
  if (prompt.length + (stdin?.length ?? 0) < MAX_INPUT_CHARACTERS / 2) return;
  const total = countCharacters(userTextOf({ prompt, stdin, images: [] }));
  if (total <= MAX_INPUT_CHARACTERS) return;
  const share = stdin === null ? '' : `, ${countCharacters(stdin)} of them from stdin`;
  throw tooLong(`this one has ${total}${share}`);
}

function countCharacters(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const isSecondHalf = unit >= 0xdc00 && unit <= 0xdfff;
    if (!isSecondHalf) count++;
  }
  return count;
}

function tooLong(size: string): UsageError {
  return new UsageError(
    `Input exceeds the maximum length of ${MAX_INPUT_CHARACTERS} characters: ${size}. Nothing was sent to the model. Save the data to a file in the workspace and name the file in the prompt, so that it can be read in parts; or cut it down first, for example with: tail -c 500000`,
  );
}

function noPrompt(request: InputRequest, message: string): UsageError {
  return new UsageError(request.hint === null ? message : `${message} ${request.hint}`);
}

function hasBytes(source: StdinSource): boolean {
  return source.kind === 'open' || source.kind === 'terminal';
}
