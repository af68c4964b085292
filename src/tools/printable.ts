// Makes names that come from models or disks safe to print: no control, escape or text-direction characters.

const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Writes unsafe characters as `\n`, `\t` or `\u{1b}`; everything else stays as it is. */
export function printable(name: string): string {
  return name.replace(UNSAFE, (char) => {
    if (char === '\n') return '\\n';
    if (char === '\t') return '\\t';
    return `\\u{${(char.codePointAt(0) as number).toString(16)}}`;
  });
}
