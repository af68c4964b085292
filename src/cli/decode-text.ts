// Turns piped bytes into text: UTF-8, or UTF-16 with a byte order mark; anything else is an error with its place.
import { isUtf8 } from 'node:buffer';

export type Decoded = { ok: true; text: string } | { ok: false; encoding: string; offset: number };

/** Decodes all of `bytes`; a byte order mark is not part of the text. `offset` counts bytes from 0. */
export function decodeText(bytes: Uint8Array): Decoded {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decodeUtf16(bytes, { isLittleEndian: true });
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decodeUtf16(bytes, { isLittleEndian: false });
  if (!isUtf8(bytes)) return { ok: false, encoding: 'UTF-8', offset: firstInvalidUtf8(bytes) };
  return { ok: true, text: new TextDecoder('utf-8').decode(bytes) };
}

function decodeUtf16(bytes: Uint8Array, { isLittleEndian }: { isLittleEndian: boolean }): Decoded {
  const encoding = isLittleEndian ? 'UTF-16LE' : 'UTF-16BE';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const units: string[] = [];
  let chunk: number[] = [];
  for (let at = 2; at < bytes.length; at += 2) {
    if (at + 1 >= bytes.length) return { ok: false, encoding, offset: at };
    const unit = view.getUint16(at, isLittleEndian);
    const isHigh = unit >= 0xd800 && unit <= 0xdbff;
    const isLow = unit >= 0xdc00 && unit <= 0xdfff;
    if (isLow) return { ok: false, encoding, offset: at };
    chunk.push(unit);
    if (isHigh) {
      const low = at + 3 < bytes.length ? view.getUint16(at + 2, isLittleEndian) : 0;
      if (low < 0xdc00 || low > 0xdfff) return { ok: false, encoding, offset: at };
      chunk.push(low);
      at += 2;
    }
    if (chunk.length >= 4096) {
      units.push(String.fromCharCode(...chunk));
      chunk = [];
    }
  }
  units.push(String.fromCharCode(...chunk));
  return { ok: true, text: units.join('') };
}

/** Index of the first byte of the first ill-formed sequence (Unicode 16, table 3-7). */
export function firstInvalidUtf8(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return bytes.length;
}

/** Length of the well-formed sequence that starts at `at`; 0 when it is ill-formed. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  const second = bytes[at + 1] ?? 0;
  const isTail = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;
  if (lead >= 0xc2 && lead <= 0xdf) return isTail(second) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const low = lead === 0xe0 ? 0xa0 : 0x80;
    const high = lead === 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high && isTail(bytes[at + 2]) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const low = lead === 0xf0 ? 0x90 : 0x80;
    const high = lead === 0xf4 ? 0x8f : 0xbf;
    const isWhole = second >= low && second <= high && isTail(bytes[at + 2]) && isTail(bytes[at + 3]);
    return isWhole ? 4 : 0;
  }
  return 0;
}
