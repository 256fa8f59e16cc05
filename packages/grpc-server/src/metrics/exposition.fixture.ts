/** One line of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?/g;

/** Reads the text format of Prometheus. @throws Error naming a line that is none of it */
export function parseExposition(text: string): Sample[] {
  return text
    .split("\n")
    .filter((written) => written !== "" && !written.startsWith("#"))
    .map((written) => {
      const [, name, labels = "", value] = line.exec(written) ?? [];
      if (name === undefined || value === undefined) throw new Error(`no sample: ${written}`);
      const pairs = [...labels.matchAll(label)].map(([, key = "", content = ""]) => [key, content]);
      return { name, labels: Object.fromEntries(pairs), value: Number(value.replace("Inf", "Infinity")) };
    });
}
