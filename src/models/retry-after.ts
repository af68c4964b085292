// Reads how long a server wants us to wait: from headers, or from the words of an error message.

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Milliseconds until the next try, never negative; undefined when the headers do not say.
 * `Retry-After` is seconds or an HTTP date (RFC 9110, 10.2.3), read against `now` (Unix ms); `retry-after-ms` wins.
 */
export function retryAfterFromHeaders(headers: Headers, now: number): number | undefined {
  const inMs = headers.get('retry-after-ms')?.trim();
  if (inMs !== undefined && /^\d+(\.\d+)?$/.test(inMs)) return Math.ceil(Number(inMs));
  const value = headers.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1000);
  // A bare Date.parse would also take "5 apples" for a date.
  if (!/^[A-Z][a-z]{2,8},/.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** Reads "try again in 1.5s", "... 350ms", "... 2 minutes", "... 1h2m3s". */
export function retryAfterFromText(text: string): number | undefined {
  const phrase = /try again in\s+((?:\d+(?:\.\d+)?\s*[a-z]+[\s,]*)+)/i.exec(text.slice(0, 10_000))?.[1];
  if (phrase === undefined) return undefined;
  let total: number | undefined;
  for (const [, amount, word = ''] of phrase.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/gi)) {
    const unit = unitOf(word.toLowerCase());
    if (unit === undefined) break;
    total = (total ?? 0) + Number(amount) * unit;
  }
  return total === undefined ? undefined : Math.ceil(total);
}

function unitOf(word: string): number | undefined {
  if (/^(ms|msecs?|millis|milliseconds?)$/.test(word)) return UNIT_MS['ms'];
  if (/^(s|secs?|seconds?)$/.test(word)) return UNIT_MS['s'];
  if (/^(m|mins?|minutes?)$/.test(word)) return UNIT_MS['m'];
  if (/^(h|hrs?|hours?)$/.test(word)) return UNIT_MS['h'];
  return undefined;
}
