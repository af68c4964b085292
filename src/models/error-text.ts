// Makes text from outside fit to be shown in an error: short, on one line, without control characters and secrets.

/** Control characters, line separators, and invisible marks (among them those that change the direction of text). */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** A secret shorter than this would tear ordinary words out of a text. */
const MIN_SECRET_CHARS = 6;

/** One line of at most `maxChars` characters; what is cut off is marked by an ellipsis. */
export function cleanText(text: string, maxChars: number): string {
  const line = text
    .slice(0, maxChars * 4 + 1000)
    .replace(UNSAFE, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return line.length <= maxChars ? line : `${line.slice(0, maxChars - 1).trimEnd()}…`;
}

/** Takes known secrets, and whatever looks like an API key or a bearer token, out of a text. */
export function redactSecrets(text: string, secrets: readonly string[]): string {
  let result = text;
  for (const secret of secrets) {
    if (secret.length < MIN_SECRET_CHARS) continue;
    for (const form of new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])) {
      result = result.replaceAll(form, '[redacted]');
    }
  }
  return result
    .replace(/\b(sk|sess|eyJ)[-_A-Za-z0-9][-_A-Za-z0-9.*]{10,}/g, '[redacted]')
    .replace(/\bBearer\s+[-_A-Za-z0-9.~+/=]{6,}/gi, 'Bearer [redacted]');
}

/** The values of headers that must never be shown, and the tokens inside them. */
export function secretsOf(...sources: readonly Readonly<Record<string, string>>[]): string[] {
  const values = sources.flatMap((source) => Object.values(source));
  const tokens = values
    .flatMap((value) => value.split(/[\s,;=]+/))
    .filter((token) => !/^(basic|bearer)$/i.test(token));
  // The longest first, so that a secret that contains another is taken out whole.
  return [...new Set([...values, ...tokens])].sort((a, b) => b.length - a.length);
}

/** A way to show text safely: secrets out first, so that a cut never leaves half of one behind. */
export function safeText(text: string, options: { secrets: readonly string[]; maxChars: number }): string {
  return cleanText(redactSecrets(text, options.secrets), options.maxChars);
}
