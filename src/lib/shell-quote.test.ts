// Shows that quoted words survive a real shell, and what the display-only splitter understands.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { quoteWord, quoteWords, splitShell } from './shell-quote.ts';

describe('quoteWord', () => {
  test('a real shell reads every word back unchanged', () => {
    const words = ['plain', '', "it's", '$HOME `x` "y"', 'a\nb', '-n', 'é→😀', '\\', '*', '\u001b[31m', '~'];
    const out = execFileSync('sh', ['-c', `printf '%s\\0' ${quoteWords(words)}`], { encoding: 'utf8' });
    expect(out.split('\0').slice(0, -1)).toEqual(words);
  });

  test('leaves plain words alone and drops what no argument can hold', () => {
    expect(quoteWord('src/a-b.ts')).toBe('src/a-b.ts');
    expect(quoteWord('a\0b c')).toBe("'ab c'");
  });
});

describe('splitShell', () => {
  const words = (line: string): string[] | null => splitShell(line)?.map((token) => token.text) ?? null;

  test('splits words, quotes and operators', () => {
    expect(words(`rg -n 'a b' "c \\"d\\"" src && ls|wc -l`)).toEqual([
      'rg',
      '-n',
      'a b',
      'c "d"',
      'src',
      '&&',
      'ls',
      '|',
      'wc',
      '-l',
    ]);
    expect(words('ls *.ts')).toEqual(['ls', '*.ts']);
  });

  test.each(['cat $X', 'cat "$X"', 'a > b', '(ls)', "cat 'x", 'cat <<EOF', 'echo `x`', '# note', 'x \\'])(
    'does not pretend to understand %j',
    (line) => {
      expect(splitShell(line)).toBeNull();
    },
  );
});
