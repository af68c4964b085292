// Reads counts and durations from flag values.
import { UsageError } from '../protocol/error.ts';

/** A whole number >= 1. */
export function parseCount(flag: string, text: string): number {
  const count = Number(text.replaceAll('_', ''));
  if (/^[0-9_]+$/.test(text) && Number.isSafeInteger(count) && count >= 1) return count;
  throw new UsageError(`--${flag} needs a whole number from 1 up, but got '${text}'.`, { exitCode: 2 });
}

const SECONDS = { s: 1, m: 60, h: 3600 } as const;

/** Seconds > 0 from `90`, `90s`, `1.5m`, `1h30m`. A bare number counts seconds. */
export function parseDuration(flag: string, text: string): number {
  const isPlain = /^\d+(\.\d+)?$/.test(text);
  const parts = isPlain ? [] : [...text.matchAll(/(\d+(?:\.\d+)?)([smh])/g)];
  const seconds = isPlain
    ? Number(text)
    : parts.reduce((sum, [, n, unit]) => sum + Number(n) * SECONDS[unit as keyof typeof SECONDS], 0);
  if (parts.map((part) => part[0]).join('') === (isPlain ? '' : text) && seconds > 0) return seconds;
  throw new UsageError(`--${flag} needs a time like 90, 90s, 10m or 1h30m, but got '${text}'.`, {
    exitCode: 2,
  });
}
