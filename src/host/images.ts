// Image files of the user as data URLs, told apart by content, never by name.
import { readFileSync, statSync } from 'node:fs';
import { imageTypeOf } from '../lib/image-type.ts';
import { UsageError } from '../protocol/error.ts';

const MAX_BYTES = 20 * 1024 * 1024;

/** Fails with a `UsageError` that says what is wrong with the file. */
export function readImage(path: string): string {
  let bytes: Buffer;
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) {
      throw new UsageError(
        `The image ${path} has ${size} bytes; at most ${MAX_BYTES} can be sent. Scale it down.`,
      );
    }
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`The image ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const mime = imageTypeOf(bytes);
  if (!mime) throw new UsageError(`${path} is no PNG, JPEG, GIF or WebP image. Convert it first.`);
  return `data:${mime};base64,${bytes.toString('base64')}`;
}
