// Waiting times as servers write them.
import { describe, expect, test } from 'vitest';
import { retryAfterFromHeaders, retryAfterFromText } from './retry-after.ts';

const NOW = Date.UTC(2026, 0, 1, 12);

describe('waiting times', () => {
  test.each([
    ['3', 3000],
    ['0', 0],
    ['0.25', 250],
    ['Thu, 01 Jan 2026 12:01:00 GMT', 60_000],
    ['Thursday, 01-Jan-26 12:01:00 GMT', 60_000],
    ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
    ['', undefined],
    ['later', undefined],
    ['-5', undefined],
    ['5 apples', undefined],
  ])('Retry-After: %j', (value, expected) => {
    expect(retryAfterFromHeaders(new Headers({ 'retry-after': value }), NOW)).toBe(expected);
  });

  test('no header, no wait', () => {
    expect(retryAfterFromHeaders(new Headers(), NOW)).toBeUndefined();
  });

  test.each([
    ['Please try again in 1.898s. Visit x', 1898],
    ['try again in 20ms', 20],
    ['Try again in 2 seconds.', 2000],
    ['try again in 1m30s', 90_000],
    ['try again in 1 hour, 2 minutes', 3_720_000],
    ['try again in 3 bananas', undefined],
    ['try again later', undefined],
    [`try again in ${'1 '.repeat(5000)}`, undefined],
  ])('%j', (text, expected) => {
    expect(retryAfterFromText(text)).toBe(expected);
  });
});
