// Reads how much of a plan is used: from the `x-codex-*` headers of an answer, or from the `codex.rate_limits` event.
import type { ModelEvent, RateLimitWindow } from '../protocol/model.ts';

export type RateLimits = Extract<ModelEvent, { type: 'rateLimits' }>;

/** null when the headers say nothing of limits. */
export function rateLimitsFromHeaders(headers: Headers): RateLimits | null {
  const read = (window: string): RateLimitWindow | null => {
    const field = (name: string): string | null => headers.get(`x-codex-${window}-${name}`);
    return readWindow(field('used-percent'), field('window-minutes'), field('reset-at'));
  };
  return combine(read('primary'), read('secondary'));
}

/** null when the event carries no window. */
export function rateLimitsFromEvent(event: Record<string, unknown>): RateLimits | null {
  const limits = fieldsOf(event['rate_limits']);
  const read = (window: string): RateLimitWindow | null => {
    const fields = fieldsOf(limits[window]);
    return readWindow(
      fields['used_percent'],
      fields['window_minutes'],
      fields['reset_at'] ?? fields['resets_at'],
    );
  };
  return combine(read('primary'), read('secondary'));
}

function combine(primary: RateLimitWindow | null, secondary: RateLimitWindow | null): RateLimits | null {
  return primary === null && secondary === null ? null : { type: 'rateLimits', primary, secondary };
}

function readWindow(used: unknown, minutes: unknown, resetsAt: unknown): RateLimitWindow | null {
  const usedPercent = numberOf(used);
  if (usedPercent === null) return null;
  return { usedPercent, windowMinutes: numberOf(minutes), resetsAt: numberOf(resetsAt) };
}

function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string' || value.trim() === '') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
