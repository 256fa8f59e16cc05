import { parser } from "@prometheus-io/lezer-promql";

/** One `name{label="value"}` of an expression. */
export interface Selector {
  readonly name: string;
  /** Every label that it names. */
  readonly labels: readonly string[];
  /** Those that must have exactly this value. */
  readonly exact: Readonly<Record<string, string>>;
}

/** What an expression looks at. */
export interface Expression {
  readonly selectors: readonly Selector[];
  /** The labels by which it groups. */
  readonly groupedBy: readonly string[];
}

/** Reads an expression with the grammar of Prometheus itself. @throws Error saying where it is none */
export function parsePromql(expression: string): Expression {
  const selectors: { name: string; labels: string[]; exact: Record<string, string> }[] = [];
  const groupedBy: string[] = [];
  let grouping = false;
  parser.parse(expression).iterate({
    enter(node) {
      const text = expression.slice(node.from, node.to);
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${expression}`);
      const selector = selectors.at(-1);
      switch (node.name) {
        case "GroupingLabels":
          grouping = true;
          break;
        case "Identifier":
          selectors.push({ name: text, labels: [], exact: {} });
          break;
        case "LabelName":
          if (grouping) groupedBy.push(text);
          else selector?.labels.push(text);
          break;
        case "UnquotedLabelMatcher": {
          const [, label, value] = /^(\w+)="(.*)"$/.exec(text) ?? [];
          if (selector !== undefined && label !== undefined && value !== undefined) selector.exact[label] = value;
          break;
        }
      }
    },
    leave(node) {
      if (node.name === "GroupingLabels") grouping = false;
    },
  });
  return { selectors, groupedBy };
}
