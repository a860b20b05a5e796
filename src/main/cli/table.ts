export interface Column {
  readonly header: string;
  readonly align?: 'left' | 'right';
}

/** East Asian wide and emoji characters, which take two columns of a terminal. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/gu;

/** Columns that `text` takes on a terminal. */
export function displayWidth(text: string): number {
  const characters = [...text.replaceAll(/\p{Mark}/gu, '')].length;
  return characters + (text.match(WIDE)?.length ?? 0);
}

/** The lines of a table with a header, columns two blanks apart, without blanks at a line's end. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const lines = [columns.map((column) => column.header), ...rows];
  const widths = columns.map((_, index) =>
    lines.reduce((widest, line) => Math.max(widest, displayWidth(line[index] ?? '')), 0),
  );
  return lines.map((line) =>
    columns
      .map(({ align }, index) => {
        const cell = line[index] ?? '';
        const blanks = ' '.repeat(widths[index]! - displayWidth(cell));
        return align === 'right' ? blanks + cell : cell + blanks;
      })
      .join('  ')
      .trimEnd(),
  );
}
