// Rough token counts for text whose tokenizer we do not have: four bytes of UTF-8 to a token.

const BYTES_PER_TOKEN = 4;

export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

export function approximateTokens(text: string): number {
  return tokensOfBytes(Buffer.byteLength(text));
}

export function bytesForTokens(tokens: number): number {
  return tokens * BYTES_PER_TOKEN;
}
