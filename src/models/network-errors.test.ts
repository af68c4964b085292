// The codes of both runtimes become words, and only what may mend itself is tried again.
import { describe, expect, test } from 'vitest';
import type { ProviderSettings } from '../protocol/settings.ts';
import { connectError, redirectError } from './network-errors.ts';

const context = {
  provider: { id: 'mine' } as ProviderSettings,
  shownUrl: 'https://api.example/v1/responses',
  secrets: ['hush-hush'],
  now: () => 0,
};

/** An error as `fetch` wraps it. */
function wrapped(code: string): Error {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(`low level ${code}`), { code }) });
}

describe('network errors', () => {
  test.each([
    ['ECONNREFUSED', 'refused', true],
    ['ConnectionRefused', 'refused', true],
    ['ENOTFOUND', 'could not be found', true],
    ['EAI_AGAIN', 'could not be found', true],
    ['ENETUNREACH', 'cannot reach', true],
    ['UND_ERR_CONNECT_TIMEOUT', 'timed out', true],
    ['UND_ERR_SOCKET', 'closed by the other side', true],
    ['ECONNRESET', 'closed by the other side', true],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'NODE_EXTRA_CA_CERTS', false],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'not trusted', false],
    ['CERT_HAS_EXPIRED', 'not trusted', false],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'not trusted', false],
    ['EWHATEVER', 'low level EWHATEVER', true],
  ])('%s', (code, words, retryable) => {
    const error = connectError(wrapped(code), context);
    expect(error).toMatchObject({ code: 'transport', retryable });
    expect(error.message).toContain(words);
    expect(error.message).toContain(context.shownUrl);
    const bare = connectError(Object.assign(new Error('x'), { code }), context);
    expect(bare.retryable).toBe(retryable);
  });

  test('both addresses of a name refused', () => {
    const inner = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const error = connectError(
      new TypeError('fetch failed', { cause: new AggregateError([inner, inner]) }),
      context,
    );
    expect(error.message).toContain('refused');
  });

  test('things thrown that are no errors, and secrets in messages', () => {
    expect(connectError('boom', context).message).toContain('unknown network error');
    expect(connectError(new Error('proxy said hush-hush'), context).message).not.toContain('hush');
  });

  test.each([
    ['/login?next=1', 'https://api.example/login?next=[redacted]'],
    ['https://user:pw@other.example/x', 'https://other.example/x'],
    [null, 'an address it did not name'],
    ['http://[', 'an address it did not name'],
  ])('a redirect to %j names %s', (location, shown) => {
    const { message } = redirectError(302, location, context);
    expect(message).toContain(shown);
    expect(message).not.toContain('pw');
  });
});
