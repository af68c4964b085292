// UUID version 7: ids that sort by the time they were made, also inside one millisecond.

export interface UuidSources {
  /** Milliseconds since 1970. */
  now(): number;
  /** Fills and returns the array with unpredictable bytes. */
  fillRandom(bytes: Uint8Array): Uint8Array;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const POOL_BYTES = 512;
const BYTES_PER_ID = 10;
const COUNTER_LIMIT = 0xfff;

/**
 * Returns a function that makes UUIDs of version 7 (RFC 9562) in strictly rising order.
 * The 12 bits after the time count up inside one millisecond; a clock that steps back keeps the latest time.
 */
export function createUuid7(sources: UuidSources): () => string {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  let lastMs = -1;
  let counter = 0;

  return () => {
    if (used + BYTES_PER_ID > POOL_BYTES) {
      sources.fillRandom(pool);
      used = 0;
    }
    const at = used;
    used += BYTES_PER_ID;
    const random = (index: number): number => pool[at + index] as number;

    const now = Math.floor(sources.now());
    if (now > lastMs) {
      lastMs = now;
      // Starting low leaves room to count up before the time has to be borrowed from.
      counter = ((random(8) << 8) | random(9)) & 0x7ff;
    } else if (++counter > COUNTER_LIMIT) {
      lastMs += 1;
      counter = 0;
    }

    const time = lastMs.toString(16).padStart(12, '0');
    const count = counter.toString(16).padStart(3, '0');
    const hex = (index: number): string => HEX[random(index)] as string;
    const variant = HEX[(random(0) & 0x3f) | 0x80] as string;
    return (
      `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${variant}${hex(1)}-` +
      `${hex(2)}${hex(3)}${hex(4)}${hex(5)}${hex(6)}${hex(7)}`
    );
  };
}

/** Whether the text is a UUID of any version, in the usual form with dashes. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
}

/** Milliseconds since 1970 at which a version 7 UUID was made; null for other versions and other text. */
export function timeOfUuid7(uuid: string): number | null {
  if (!isUuid(uuid) || uuid[14] !== '7') return null;
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
}
