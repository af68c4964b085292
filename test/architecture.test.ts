// The floors of the house as data, and the rules that hold it up. Change the table only with a decision in docs/decisions/.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '..', 'src');

/** Folder -> floor. A file imports from its own folder or from a lower floor; siblings of one floor never meet. */
const FLOORS: Readonly<Record<string, number>> = {
  protocol: 1,
  lib: 1,
  engine: 2,
  tools: 2,
  models: 2,
  policy: 2,
  sandbox: 2,
  mcp: 2,
  auth: 2,
  config: 2,
  storage: 2,
  git: 2,
  host: 3,
  arena: 4,
  'frontends/exec': 5,
  'frontends/tui': 5,
  'frontends/app-server': 5,
  'frontends/mcp-server': 5,
  'frontends/acp': 5,
  cli: 6,
  '.': 7,
};

const MAX_LINES = 600;
const MAX_LOOP_LINES = 150;

interface Source {
  path: string;
  text: string;
  imports: string[];
}

const sources: Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => path.split(sep).join('/'))
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    const specifiers = [...text.matchAll(/^\s*(?:import|export)\b[^'"`;]*?from\s+['"]([^'"]+)['"]/gm)]
      .concat([...text.matchAll(/^\s*import\s+['"]([^'"]+)['"]/gm)])
      .concat([...text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)])
      .map((match) => match[1] as string);
    const imports = specifiers
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) =>
        relative(SRC, normalize(join(SRC, dirname(path), specifier)))
          .split(sep)
          .join('/'),
      );
    return { path, text, imports };
  });

const shipped = sources.filter((source) => !source.path.endsWith('.test.ts'));

function folderOf(path: string): string {
  const parts = path.split('/');
  if (parts.length === 1) return '.';
  return parts[0] === 'frontends' ? `frontends/${parts[1]}` : (parts[0] as string);
}

describe('architecture', () => {
  test('every file stands in a folder of the table', () => {
    const strangers = sources
      .filter((source) => !(folderOf(source.path) in FLOORS))
      .map((source) => source.path);
    expect(strangers).toEqual([]);
  });

  test('imports go to the same folder or to a lower floor', () => {
    const wrong: string[] = [];
    for (const source of sources) {
      const here = folderOf(source.path);
      for (const target of source.imports) {
        const there = folderOf(target);
        const hereFloor = FLOORS[here] ?? 0;
        const thereFloor = FLOORS[there] ?? 99;
        // Floor 1 is one floor of two folders: lib may use protocol's types, never the other way round.
        const libOnProtocol = here === 'lib' && there === 'protocol';
        if (here !== there && thereFloor >= hereFloor && !libOnProtocol)
          wrong.push(`${source.path} -> ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('there is no circle of imports', () => {
    const byPath = new Map(shipped.map((source) => [source.path, source]));
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (path: string, trail: string[]): void => {
      if (trail.includes(path)) {
        circles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
        return;
      }
      if (done.has(path)) return;
      for (const next of byPath.get(path)?.imports ?? []) walk(next, [...trail, path]);
      done.add(path);
    };
    for (const source of shipped) walk(source.path, []);
    expect(circles).toEqual([]);
  });

  test('there is no barrel file', () => {
    const barrels = shipped.filter((source) => {
      const code = source.text
        .split('\n')
        .filter((line) => line.trim() !== '' && !line.trim().startsWith('//'));
      return code.length > 0 && code.every((line) => /^export\s.*\sfrom\s/.test(line));
    });
    expect(barrels.map((source) => source.path)).toEqual([]);
  });

  test(`no file is longer than ${MAX_LINES} lines`, () => {
    const long = sources
      .filter((source) => source.text.split('\n').length > MAX_LINES)
      .map((source) => source.path);
    expect(long).toEqual([]);
  });

  test(`the loop in engine/turn.ts has at most ${MAX_LOOP_LINES} lines`, () => {
    const loop = sources.find((source) => source.path === 'engine/turn.ts');
    expect(loop).toBeDefined();
    expect(loop?.text.split('\n').length).toBeLessThanOrEqual(MAX_LOOP_LINES);
  });

  test('the first line of every file says what it is for', () => {
    const silent = sources
      .filter((source) => !/^(#!.*\n)?\/\/ \S+ /.test(source.text))
      .map((source) => source.path);
    expect(silent).toEqual([]);
  });

  test('only lib/runtime knows which runtime it is on', () => {
    const leaks = shipped
      .filter((source) => !source.path.startsWith('lib/runtime/'))
      .filter((source) => /['"]bun(:[a-z]+)?['"]|\bBun\.|\bprocess\.versions\.bun\b/.test(source.text))
      .map((source) => source.path);
    expect(leaks).toEqual([]);
  });

  test('tools reach the operating system through their context only', () => {
    const leaks = shipped
      .filter((source) => source.path.startsWith('tools/'))
      .filter((source) => /from 'node:(fs|fs\/promises|child_process|net|http|https)'/.test(source.text))
      .map((source) => source.path);
    expect(leaks).toEqual([]);
  });
});
