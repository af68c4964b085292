// Tests of instruction files: order, names, limits, and links that leave the project.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { discoverProjectDocs, type ProjectDocsInput } from './project-docs.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'skua-docs-')));
  mkdirSync(join(root, 'home'));
  mkdirSync(join(root, 'project/a/b'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string | Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function discover(more: Partial<ProjectDocsInput> = {}): { docs: [string, string][]; warnings: string[] } {
  const { docs, warnings } = discoverProjectDocs({
    home: join(root, 'home'),
    projectRoot: join(root, 'project'),
    cwd: join(root, 'project/a/b'),
    projectDocMaxBytes: 32_768,
    projectDocFallbackFilenames: [],
    ...more,
  });
  return { docs: docs.map((doc) => [doc.path.slice(root.length + 1), doc.text]), warnings };
}

test('home first, then from the root down, one file per folder', () => {
  write('home/AGENTS.md', 'home');
  write('project/AGENTS.md', 'root');
  write('project/CLAUDE.md', 'not this');
  write('project/a/CLAUDE.md', 'middle');
  write('project/a/b/AGENTS.override.md', 'override');
  write('project/a/b/AGENTS.md', 'not this');
  write('project/a/c/AGENTS.md', 'not on the way');
  write('AGENTS.md', 'above the project');
  expect(discover()).toEqual({
    docs: [
      ['home/AGENTS.md', 'home'],
      ['project/AGENTS.md', 'root'],
      ['project/a/CLAUDE.md', 'middle'],
      ['project/a/b/AGENTS.override.md', 'override'],
    ],
    warnings: [],
  });
});

test('the override of the home wins, and fallbacks come last', () => {
  write('home/AGENTS.override.md', 'mine');
  write('home/AGENTS.md', 'not this');
  write('project/RULES.md', 'rules');
  write('project/a/RULES.md', 'not this');
  write('project/a/AGENTS.md', 'agents');
  write('secret', 'secret');
  const { docs, warnings } = discover({ projectDocFallbackFilenames: ['../secret', 'RULES.md'] });
  expect(docs.map(([, text]) => text)).toEqual(['mine', 'rules', 'agents']);
  expect(warnings.join()).toContain('"../secret" is not a plain file name');
});

test('a link inside of the project is fine and counts once', () => {
  write('project/AGENTS.md', 'root');
  symlinkSync('AGENTS.md', join(root, 'project/CLAUDE.md'));
  symlinkSync('../AGENTS.md', join(root, 'project/a/CLAUDE.md'));
  expect(discover()).toEqual({ docs: [['project/AGENTS.md', 'root']], warnings: [] });
  rmSync(join(root, 'project/AGENTS.md'));
  write('project/docs/agents.md', 'elsewhere');
  symlinkSync('docs/agents.md', join(root, 'project/AGENTS.md'));
  expect(discover().docs).toEqual([['project/AGENTS.md', 'elsewhere']]);
});

test('a link that leaves the project is not followed', () => {
  write('secret', 'secret');
  write('project-evil/x', 'secret');
  symlinkSync('../secret', join(root, 'project/AGENTS.md'));
  symlinkSync('../../project-evil/x', join(root, 'project/a/AGENTS.md'));
  write('project/a/CLAUDE.md', 'fine');
  symlinkSync(join(root, 'project-evil'), join(root, 'project/dir'));
  symlinkSync('../../dir/x', join(root, 'project/a/b/AGENTS.md'));
  const { docs, warnings } = discover();
  expect(docs).toEqual([['project/a/CLAUDE.md', 'fine']]);
  expect(warnings).toHaveLength(3);
  expect(warnings.join()).not.toContain('secret ');
});

test.skipIf(process.platform === 'win32')('pipes, folders and links to nothing do not stop it', () => {
  execFileSync('mkfifo', [join(root, 'project/AGENTS.md')]);
  mkdirSync(join(root, 'project/a/AGENTS.md'));
  symlinkSync('nothing', join(root, 'project/a/b/AGENTS.md'));
  const { docs, warnings } = discover();
  expect(docs).toEqual([]);
  expect(warnings).toHaveLength(3);
});

test('the limit is for all project files, and cuts between characters', () => {
  write('home/AGENTS.md', 'h'.repeat(100));
  write('project/AGENTS.md', 'r'.repeat(40));
  write('project/a/AGENTS.md', 'é😀'.repeat(20));
  write('project/a/b/AGENTS.md', 'nothing left');
  for (let limit = 41; limit < 60; limit++) {
    const { docs, warnings } = discover({ projectDocMaxBytes: limit });
    const cut = docs[2]?.[1] ?? '';
    expect('é😀'.repeat(20).startsWith(cut)).toBe(true);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(limit - 40);
    expect(Buffer.byteLength(cut)).toBeGreaterThan(limit - 40 - 4);
    expect(warnings.join()).toContain('is cut after');
    expect(docs[0]?.[1]).toHaveLength(100);
  }
});

test('exactly the limit is not cut, and 0 leaves the project out', () => {
  write('home/AGENTS.md', 'home');
  write('project/AGENTS.md', 'r'.repeat(40));
  expect(discover({ projectDocMaxBytes: 40 })).toMatchObject({ warnings: [] });
  expect(discover({ projectDocMaxBytes: 40 }).docs[1]?.[1]).toHaveLength(40);
  expect(discover({ projectDocMaxBytes: 0 }).docs).toEqual([['home/AGENTS.md', 'home']]);
  write('project/a/AGENTS.md', 'x');
  expect(discover({ projectDocMaxBytes: 40 }).warnings.join()).toContain('is left out');
});

test('invalid UTF-8 is replaced, a byte order mark dropped, empty files left out', () => {
  write('project/AGENTS.md', Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0x62]));
  write('project/a/AGENTS.md', ' \n');
  expect(discover()).toEqual({ docs: [['project/AGENTS.md', 'a\uFFFDb']], warnings: [] });
});
