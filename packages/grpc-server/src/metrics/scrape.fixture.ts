import { parseExposition, type Sample } from "./exposition.fixture.ts";

/** Where a server answers probes and scrapers, by what it logged at its start. */
export function metricsUrl(log: string): string {
  const [, port] = /"metricsPort":(\d+)/.exec(log) ?? [];
  if (port === undefined) throw new Error(`the server has told no metrics port:\n${log}`);
  return `http://127.0.0.1:${port}`;
}

/** What a scrape has found. */
export class Scrape {
  readonly samples: readonly Sample[];

  constructor(samples: readonly Sample[]) {
    this.samples = samples;
  }

  /** The sum of the series called `name` that have these labels; undefined where there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.samples.filter(
      (sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }
}

/** Scrapes as Prometheus does. */
export async function scrape(log: string): Promise<Scrape> {
  const response = await fetch(`${metricsUrl(log)}/metrics`);
  if (!response.ok) throw new Error(`/metrics says ${response.status}`);
  return new Scrape(parseExposition(await response.text()));
}
