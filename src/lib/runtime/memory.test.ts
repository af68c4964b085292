// Garbage is collected when enough was counted, and only then.
import { afterEach, expect, test, vi } from 'vitest';
import { compileInLongRuns, createGarbageMeter } from './memory.ts';

const real = (globalThis as { Bun?: object }).Bun;

/** Bun's own global cannot be replaced on Bun. */
const onNode = test.skipIf(real !== undefined);

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

onNode('collects once per limit', () => {
  const gc = vi.fn<(force: boolean) => void>();
  vi.stubGlobal('Bun', { gc });
  const meter = createGarbageMeter(100);
  meter.add(60);
  expect(gc).toHaveBeenCalledTimes(0);
  meter.add(60);
  expect(gc).toHaveBeenCalledTimes(1);
  meter.add(60);
  expect(gc).toHaveBeenCalledTimes(1);
});

onNode('compiles after a while', () => {
  vi.useFakeTimers();
  const setJITPolicy = vi.fn<(scale: number) => void>();
  vi.stubGlobal('Bun', { unsafe: { setJITPolicy } });
  compileInLongRuns(2000);
  vi.advanceTimersByTime(1999);
  expect(setJITPolicy).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(setJITPolicy).toHaveBeenCalledWith(1);
});

test('does no harm on any runtime', () => {
  createGarbageMeter(1).add(2);
  compileInLongRuns(60_000);
});
