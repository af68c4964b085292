// Image files of the user as data URLs, told apart by content, never by name.
import { readFileSync, statSync } from 'node:fs';
import { UsageError } from '../protocol/error.ts';

const MAX_BYTES = 20 * 1024 * 1024;

const SIGNATURES: readonly { mime: string; matches(bytes: Uint8Array): boolean }[] = [
  { mime: 'image/png', matches: (bytes) => startsWith(bytes, [0x89, 0x50, 0x4e, 0x47]) },
  { mime: 'image/jpeg', matches: (bytes) => startsWith(bytes, [0xff, 0xd8, 0xff]) },
  { mime: 'image/gif', matches: (bytes) => startsWith(bytes, [0x47, 0x49, 0x46, 0x38]) },
  {
    mime: 'image/webp',
    matches: (bytes) =>
      startsWith(bytes, [0x52, 0x49, 0x46, 0x46]) && startsWith(bytes.subarray(8), [0x57, 0x45, 0x42, 0x50]),
  },
];

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, index) => bytes[index] === byte);
}

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
  const mime = SIGNATURES.find((signature) => signature.matches(bytes))?.mime;
  if (!mime) throw new UsageError(`${path} is no PNG, JPEG, GIF or WebP image. Convert it first.`);
  return `data:${mime};base64,${bytes.toString('base64')}`;
}
