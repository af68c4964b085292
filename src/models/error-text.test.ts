// Foreign text becomes one safe line.
import { describe, expect, test } from 'vitest';
import { cleanText, redactSecrets, safeText, secretsOf } from './error-text.ts';

describe('error text', () => {
  test.each([
    ['a\r\n\tb', 'a b'],
    ['\u001b[31mred\u001b[0m', '[31mred [0m'],
    ['\u202eevil\u2066', 'evil'],
    ['tab\u0000\u009bend', 'tab end'],
    ['zażółć 🦅', 'zażółć 🦅'],
  ])('%j is cleaned', (text, expected) => {
    expect(cleanText(text, 100)).toBe(expected);
  });

  test('long text is cut with a mark', () => {
    expect(cleanText('x'.repeat(5_000_000), 10)).toBe('xxxxxxxxx…');
    expect(cleanText('x'.repeat(10), 10)).toBe('xxxxxxxxxx');
  });

  test('secrets go, in each form they may come in, but not ordinary words', () => {
    const secrets = secretsOf({
      authorization: 'Bearer abc/def+ghi"j',
      'x-short': 'red',
      'x-team': 'team-one',
    });
    expect(redactSecrets('abc/def+ghi"j', secrets)).toBe('[redacted]');
    expect(redactSecrets('k=abc%2Fdef%2Bghi%22j', secrets)).toBe('k=[redacted]');
    expect(redactSecrets('{"k":"abc/def+ghi\\"j"}', secrets)).toBe('{"k":"[redacted]"}');
    expect(redactSecrets('a red Bearer of team-one', secrets)).toBe('a red Bearer of [redacted]');
    expect(redactSecrets('key sk-proj-abcdefghijklmnop, Bearer 0123456789', [])).toBe(
      'key [redacted], Bearer [redacted]',
    );
  });

  test('a secret that the cut would halve is taken out first', () => {
    const secret = 'topsecretvalue';
    expect(safeText(`12345 ${secret}`, { secrets: [secret], maxChars: 10 })).not.toContain('tops');
  });
});
