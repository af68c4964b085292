// Text from models, tools and files made harmless for a terminal: no escape sequence survives.

/** CSI, OSC, DCS and other sequences as a whole; then every control character but newline and tab. */
const SEQUENCES =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u009b[0-?]*[ -/]*[@-~]|\u001b[ -/]*[0-~]?/g;
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** Marks that reorder or hide neighbouring text. */
const BIDI = /[\u202a-\u202e\u2066-\u2069]/g;

/** Removes terminal control sequences and invisible reordering marks; a lone CR becomes a newline. */
export function stripControls(text: string): string {
  if (!needsStripping(text)) return text;
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\r', '\n')
    .replace(SEQUENCES, '')
    .replace(CONTROLS, '')
    .replace(BIDI, '');
}

function needsStripping(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 && code !== 10 && code !== 9) return true;
    if (
      code >= 127 &&
      (code < 160 || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069))
    )
      return true;
  }
  return false;
}

/** The same on one line, for names and paths in messages. */
export function oneLine(text: string): string {
  return stripControls(text).replace(/\s*\n\s*/g, ' ');
}
