function quoteCell(cell: string | number): string {
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One record of a CSV file by RFC 4180, without its line end. */
export function csvLine(cells: readonly (string | number)[]): string {
  return cells.map(quoteCell).join(',');
}
