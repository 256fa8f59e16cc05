import { printable } from "../printable.ts";

/** One line of fields between tabs. Times in ISO 8601; what is absent is `-`. */
export function tabbed(...fields: readonly (string | number | boolean | Date | undefined)[]): string {
  return `${fields.map(plainField).join("\t")}\n`;
}

function plainField(field: string | number | boolean | Date | undefined): string {
  if (field === undefined) return "-";
  return field instanceof Date ? field.toISOString() : printable(String(field));
}
