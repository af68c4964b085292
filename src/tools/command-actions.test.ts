// What commands are shown as: reads, listings, searches, or as they are.
import { expect, test } from 'vitest';
import { readCommandActions } from './command-actions.ts';

test.each([
  ['cat src/a.ts', { type: 'read', command: 'cat src/a.ts', name: 'a.ts', path: 'src/a.ts' }],
  ["sed -n '1,20p' b.ts", { type: 'read', command: 'sed -n 1,20p b.ts', name: 'b.ts', path: 'b.ts' }],
  ['head -n 5 "a b"', { type: 'read', command: "head -n 5 'a b'", name: 'a b', path: 'a b' }],
  ['nl -ba x.py | head -40', { type: 'read', command: 'nl -ba x.py', name: 'x.py', path: 'x.py' }],
  ['ls', { type: 'listFiles', command: 'ls', path: null }],
  ['ls -la src | head', { type: 'listFiles', command: 'ls -la src', path: 'src' }],
  ['find src -type f', { type: 'listFiles', command: 'find src -type f', path: 'src' }],
  ["find . -name '*.ts'", { type: 'search', command: "find . -name '*.ts'", query: '*.ts', path: '.' }],
  ['rg --files src', { type: 'listFiles', command: 'rg --files src', path: 'src' }],
  ['rg -n "foo bar" src', { type: 'search', command: "rg -n 'foo bar' src", query: 'foo bar', path: 'src' }],
  ['rg -g "*.ts" -e x', { type: 'search', command: "rg -g '*.ts' -e x", query: 'x', path: null }],
  ['grep -rn x . | wc -l', { type: 'search', command: 'grep -rn x .', query: 'x', path: '.' }],
  ['git grep x', { type: 'search', command: 'git grep x', query: 'x', path: null }],
  ['cd src && cat a.ts', { type: 'read', command: 'cat a.ts', name: 'a.ts', path: 'a.ts' }],
])('%s', (command, action) => {
  expect(readCommandActions(command)).toEqual([action]);
});

test('several commands are several actions', () => {
  expect(readCommandActions('cat a && ls b').map((action) => action.type)).toEqual(['read', 'listFiles']);
});

test.each([
  'npm test',
  'cat a > b',
  'cat a b',
  'cat $(rm x)',
  'cat a & rm b',
  'find . -delete',
  'find . -exec rm {} +',
  'cat a && npm test',
  'tail -f log',
  'sed -i s/a/b/ f',
  'git push',
  'cd x',
  '',
  'toString x',
])('%j is unknown', (command) => {
  expect(readCommandActions(command)).toEqual([{ type: 'unknown', command }]);
});
