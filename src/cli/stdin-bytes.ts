// Reads all of stdin for commands that take one small thing there.
import { UsageError } from '../protocol/error.ts';
import type { StdinSource } from './stdin.ts';

/** All bytes; empty for a closed descriptor. Throws a `UsageError` beyond `limit` bytes. */
export async function readBytes(source: StdinSource, limit: number): Promise<Uint8Array> {
  if (source.kind === 'closed') return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (let chunk = await source.read(); chunk !== null; chunk = await source.read()) {
    total += chunk.length;
    if (total > limit) {
      source.close();
      throw new UsageError(`stdin holds more than ${limit} bytes; nothing was done.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
