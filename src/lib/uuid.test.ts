// Tests of UUID version 7: form, order inside a millisecond, clocks that step back.
import { describe, expect, test } from 'vitest';
import { createUuid7, isUuid, timeOfUuid7 } from './uuid.ts';

function zeros(bytes: Uint8Array): Uint8Array {
  return bytes.fill(0);
}

describe('createUuid7', () => {
  test('carries time, version and variant', () => {
    const make = createUuid7({ now: () => 0x0199_1234_5678, fillRandom: (bytes) => bytes.fill(0xff) });
    expect(make()).toBe('01991234-5678-77ff-bfff-ffffffffffff');
    expect(createUuid7({ now: () => 0, fillRandom: zeros })()).toBe('00000000-0000-7000-8000-000000000000');
  });

  test('rises strictly inside one millisecond, also past its counter, and when the clock steps back', () => {
    let now = 1_700_000_000_000;
    const make = createUuid7({ now: () => now, fillRandom: zeros });
    const ids = Array.from({ length: 10_000 }, make);
    now -= 60_000;
    ids.push(make());
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every(isUuid)).toBe(true);
  });

  test('asks for fresh randomness instead of repeating it', () => {
    let calls = 0;
    const fillRandom = (bytes: Uint8Array): Uint8Array => bytes.fill(++calls);
    const make = createUuid7({ now: () => 1, fillRandom });
    const tails = new Set(Array.from({ length: 200 }, () => make().slice(19)));
    expect(calls).toBeGreaterThan(2);
    expect(tails.size).toBe(calls);
  });
});

test('timeOfUuid7 reads the time back and refuses other versions', () => {
  const make = createUuid7({ now: () => 1_763_000_000_123, fillRandom: zeros });
  expect(timeOfUuid7(make())).toBe(1_763_000_000_123);
  expect(timeOfUuid7('123e4567-e89b-42d3-a456-426614174000')).toBeNull();
  expect(timeOfUuid7('nonsense')).toBeNull();
});
