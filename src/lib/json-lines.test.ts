// Tests of walking over lines and of lenient JSON parsing.
import { expect, test } from 'vitest';
import { forEachLine, parseJsonObject, stringMember } from './json-lines.ts';

function linesOf(text: string): [string, boolean][] {
  const lines: [string, boolean][] = [];
  forEachLine(text, (start, end, terminated) => lines.push([text.slice(start, end), terminated]));
  return lines;
}

test('forEachLine gives lines without their ends and says which one was cut', () => {
  expect(linesOf('a\nb\r\n\n\r\nc')).toEqual([
    ['a', true],
    ['b', true],
    ['c', false],
  ]);
  expect(linesOf('')).toEqual([]);
  expect(linesOf('\n')).toEqual([]);
  expect(linesOf('\uFEFFa\n')).toEqual([['a', true]]);
});

test('parseJsonObject takes objects only', () => {
  expect(parseJsonObject('{"a":1}')).toEqual({ a: 1 });
  for (const text of ['', '{"a":', '[1]', 'null', '3', '"x"']) expect(parseJsonObject(text)).toBeNull();
});

test('stringMember takes strings only', () => {
  expect(stringMember({ a: 'x', b: 1 }, 'a')).toBe('x');
  expect(stringMember({ a: 'x', b: 1 }, 'b')).toBeNull();
  expect(stringMember({}, 'c')).toBeNull();
});
