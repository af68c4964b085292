// Tests of the search for the word that was meant.
import { expect, test } from 'vitest';
import { nearestWord } from './nearest-word.ts';

const WORDS = ['sandbox_mode', 'model', 'model_provider', 'web_search', 'undo'];

test.each([
  ['sandbx_mode', 'sandbox_mode'],
  ['sandbox-mode', 'sandbox_mode'],
  ['MODEL', 'model'],
  ['modle', 'model'],
  ['web_serach', 'web_search'],
  ['udno', 'undo'],
])('%s means %s', (word, meant) => {
  expect(nearestWord(word, WORDS)).toBe(meant);
});

test.each(['', 'zzz', 'notify', 'x'.repeat(10_000)])('nothing is near to %s', (word) => {
  expect(nearestWord(word, WORDS)).toBeNull();
});
