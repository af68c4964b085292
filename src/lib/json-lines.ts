// JSON lines in memory: walking over the lines of a text without copying it into an array, and lenient parsing.

/** One line of a text: `text.slice(start, end)`; `terminated` is false for a last line without its line feed. */
export type LineVisitor = (start: number, end: number, terminated: boolean) => void;

/** Calls `visit` for every line that is not empty. Carriage returns before the line feed are left out. */
export function forEachLine(text: string, visit: LineVisitor): void {
  // Windows editors put a byte order mark in front.
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (start < text.length) {
    const feed = text.indexOf('\n', start);
    const stop = feed === -1 ? text.length : feed;
    const end = stop > start && text.charCodeAt(stop - 1) === 13 ? stop - 1 : stop;
    if (end > start) visit(start, end, feed !== -1);
    start = stop + 1;
  }
}

export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object written in the text; null when it is no JSON or something other than an object. */
export function parseJsonObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The member when it is a string, else null. */
export function stringMember(object: JsonObject, name: string): string | null {
  const value = object[name];
  return typeof value === 'string' ? value : null;
}
