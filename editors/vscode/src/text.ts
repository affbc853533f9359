/** Text from outside, made fit to be shown, and commands made fit to be pasted. */

// Control characters, and marks that turn or hide text: what `facts::clean` takes out.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** The text without what would end a line, turn it or hide a part of it. */
export function clean(text: string): string {
  return text.replace(HIDDEN, '\ufffd');
}

/** Text in which Markdown means nothing. */
export function escapeMarkdown(text: string): string {
  return clean(text).replace(/[\\`*_{}[\]()#+\-.!<>|~$&:@]/g, '\\$&');
}

/** A label in which `$(name)` is no icon. */
export function escapeIcons(text: string): string {
  return clean(text).replace(/\$\(/g, '\\$(');
}

/** A command as one line that can be pasted into a POSIX shell. */
export function shellLine(argv: readonly string[]): string {
  return argv.map(quote).join(' ');
}

function quote(word: string): string {
  const shown = clean(word);
  return /^[\w@%+=:,./-]+$/.test(shown) ? shown : `'${shown.replace(/'/g, "'\\''")}'`;
}

/** An age as a person says it: `40 s`, `12 min`, `3 h`, `5 days`. */
export function humanAge(seconds: number): string {
  if (seconds < 120) {
    return `${seconds} s`;
  }
  if (seconds < 7200) {
    return `${Math.floor(seconds / 60)} min`;
  }
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`;
}

/** Rows in columns, two blanks apart. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, [...cell].length)));
  }
  const fill = (cell: string, at: number): string => cell + ' '.repeat((widths[at] ?? 0) - [...cell].length);
  return rows.map((row) => row.map(fill).join('  ').trimEnd());
}
