/** The most that one line may hold, in bytes, as on the daemon's side. */
export const LONGEST_LINE = 16 * 1024 * 1024;

const NEWLINE = 0x0a;

/** Cuts a stream of bytes into lines, and keeps no more than one line of this length. */
export class Lines {
  private parts: Buffer[] = [];
  private held = 0;

  constructor(private readonly longest = LONGEST_LINE) {}

  /**
   * The lines that this chunk ends, without their ends.
   *
   * @throws RangeError where a line is longer than may be.
   */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let rest = chunk;
    for (;;) {
      const end = rest.indexOf(NEWLINE);
      const part = end < 0 ? rest : rest.subarray(0, end);
      if (this.held + part.length > this.longest) {
        this.parts = [];
        this.held = 0;
        throw new RangeError(`a line of more than ${this.longest} bytes`);
      }
      if (part.length > 0) {
        this.parts.push(part);
        this.held += part.length;
      }
      if (end < 0) {
        return lines;
      }
      lines.push(Buffer.concat(this.parts, this.held).toString('utf8'));
      this.parts = [];
      this.held = 0;
      rest = rest.subarray(end + 1);
    }
  }
}
