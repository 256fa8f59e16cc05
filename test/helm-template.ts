import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseYaml, stringify } from "yaml";

/** What charts are made of here: no more of Go's templates and of Helm's functions than they use. */
type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipeline: string }
  | {
      readonly kind: "block";
      readonly word: string;
      readonly of: string;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

interface Scope {
  readonly dot: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
}

const isTrue = (value: unknown) =>
  typeof value === "object" && value !== null
    ? Object.keys(value).length > 0
    : value !== "" && value !== 0 && value !== false && value !== undefined && value !== null;

/** The manifests of a chart under some values, by the name of their template; `undefined` where a template comes to nothing. */
export function renderChart(dir: string, given: Record<string, unknown>): Record<string, unknown> {
  const chart: Record<string, unknown> = parseYaml(readFileSync(join(dir, "Chart.yaml"), "utf8"));
  const capitals = Object.fromEntries(Object.entries(chart).map(([key, value]) => [key.charAt(0).toUpperCase() + key.slice(1), value]));
  const defaults: Record<string, unknown> = parseYaml(readFileSync(join(dir, "values.yaml"), "utf8"));
  const dot = { Values: merged(defaults, given), Chart: capitals, Release: { Name: "test", Service: "Helm", Namespace: "default" } };
  const files = readdirSync(join(dir, "templates"));
  const definitions = new Map<string, readonly Node[]>();
  const parsed = files.map((file) => [file, parseTemplate(readFileSync(join(dir, "templates", file), "utf8"))] as const);
  for (const [, nodes] of parsed) {
    for (const node of nodes) if (node.kind === "block" && node.word === "define") definitions.set(text(evaluateTerm(node.of)), node.body);
  }
  const manifests = parsed.filter(([file]) => file.endsWith(".yaml"));
  return Object.fromEntries(
    manifests.map(([file, nodes]) => [file, parseYaml(render(nodes, { dot, variables: { $: dot } })) ?? undefined] as const),
  );

  function render(nodes: readonly Node[], scope: Scope): string {
    return nodes.map((node) => renderNode(node, scope)).join("");
  }

  function renderNode(node: Node, scope: Scope): string {
    if (node.kind === "text") return node.text;
    if (node.kind === "print") return text(evaluate(node.pipeline, scope));
    const { word, of, body, otherwise } = node;
    if (word === "define") return "";
    if (word === "range") {
      const [, key = "", item = "", list = ""] = /^(\$\w+),\s*(\$\w+)\s*:=\s*(.*)$/.exec(of) ?? [];
      if (list === "") throw new Error(`range without variables: ${of}`);
      const entries = Object.entries(record(evaluate(list, scope))).toSorted(([a], [b]) => (a < b ? -1 : 1));
      return entries.map(([name, dot]) => render(body, { dot, variables: { ...scope.variables, [key]: name, [item]: dot } })).join("");
    }
    const value = evaluate(of, scope);
    if (!isTrue(value)) return render(otherwise, scope);
    return render(body, word === "with" ? { ...scope, dot: value } : scope);
  }

  function evaluate(pipeline: string, scope: Scope): unknown {
    let piped: unknown[] = [];
    for (const command of split(pipeline, "|")) {
      const [head = "", ...rest] = split(command, " ");
      const values = [...rest.map((term) => evaluateTerm(term, scope)), ...piped];
      piped = [/^[a-z]\w*$/i.test(head) && !/^(true|false)$/.test(head) ? call(head, values) : evaluateTerm(head, scope)];
    }
    return piped[0];
  }

  function evaluateTerm(term: string, scope: Scope = { dot: undefined, variables: {} }): unknown {
    if (term.startsWith("(")) return evaluate(term.slice(1, -1), scope);
    if (/^["\d]|^(true|false)$/.test(term)) return JSON.parse(term);
    const [first = "", ...path] = term.split(".");
    if (first !== "" && !(first in scope.variables)) throw new Error(`unknown: ${term}`);
    const start = first === "" ? scope.dot : scope.variables[first];
    return path.filter((key) => key !== "").reduce<unknown>((value, key) => member(value, key, term), start);
  }

  function call(name: string, values: readonly unknown[]): unknown {
    const [first, second] = values;
    switch (name) {
      case "include":
        return render(definitions.get(text(first)) ?? unknownName(text(first)), { dot: second, variables: { $: second } });
      case "toYaml":
        return stringify(first).trimEnd();
      case "nindent":
        return `\n${text(second).replaceAll(/^(?=.)/gm, " ".repeat(Number(first)))}`;
      case "quote":
        return JSON.stringify(text(first));
      case "default":
        return isTrue(second) ? second : first;
      case "required":
        if (!isTrue(second)) throw new Error(text(first));
        return second;
      case "printf":
        return values.slice(1).reduce<string>((format, value) => format.replace(/%[sv]/, () => text(value)), text(first));
      case "trunc":
        return text(second).slice(0, Number(first));
      case "trimSuffix":
        return text(second).endsWith(text(first)) ? text(second).slice(0, -text(first).length) : second;
      default:
        return unknownName(name);
    }
  }
}

/** The paths below `.Values` that the templates of a chart ask for. */
export function valuesAsked(dir: string): readonly string[] {
  const templates = readdirSync(join(dir, "templates")).map((file) => readFileSync(join(dir, "templates", file), "utf8"));
  return [...new Set(templates.flatMap((template) => [...template.matchAll(/\.Values\.([\w.]+)/g)].map(([, path = ""]) => path)))];
}

function parseTemplate(source: string): readonly Node[] {
  const tokens = source
    .replaceAll(/\s*\{\{-/g, "{{")
    .replaceAll(/-\}\}\s*/g, "}}")
    .split(/\{\{\s*(.*?)\s*\}\}/s);
  let at = 0;
  const [nodes, end] = parseNodes();
  if (end !== "") throw new Error(`{{ ${end} }} ends nothing`);
  return nodes;

  function parseNodes(): [nodes: Node[], end: string] {
    const found: Node[] = [];
    while (at < tokens.length) {
      const token = tokens[at] ?? "";
      at += 1;
      if (at % 2 === 1) found.push({ kind: "text", text: token });
      else if (token === "end" || token === "else") return [found, token];
      else found.push(parseAction(token));
    }
    return [found, ""];
  }

  function parseAction(action: string): Node {
    const [, word = "", of = ""] = /^(if|with|range|define)\s+(.*)$/s.exec(action) ?? [];
    if (word === "") return { kind: "print", pipeline: action };
    const [body, first] = parseNodes();
    const [otherwise, last] = first === "else" ? parseNodes() : [[], first];
    if (last !== "end") throw new Error(`{{ ${action} }} has no end`);
    return { kind: "block", word, of, body, otherwise };
  }
}

/** Splits at a character that stands outside of quotes and parentheses. */
function split(source: string, at: string): readonly string[] {
  const parts = [""];
  let depth = 0;
  let quoted = false;
  for (const character of source) {
    if (character === '"') quoted = !quoted;
    if (!quoted) depth += character === "(" ? 1 : character === ")" ? -1 : 0;
    if (character === at && depth === 0 && !quoted) parts.push("");
    else parts.push(`${parts.pop() ?? ""}${character}`);
  }
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

function member(value: unknown, key: string, term: string): unknown {
  const owner = record(value);
  if (!(key in owner)) throw new Error(`${term} does not exist`);
  return owner[key];
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new Error(`${JSON.stringify(value)} has no members`);
  return Object.fromEntries(Object.entries(value));
}

function merged(defaults: Record<string, unknown>, given: Record<string, unknown>): Record<string, unknown> {
  const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
  const both = Object.entries(given).map(([key, value]) => {
    const before = defaults[key];
    return [key, isMap(before) && isMap(value) ? merged(before, value) : value] as const;
  });
  return { ...defaults, ...Object.fromEntries(both) };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : value === undefined || value === null ? "" : String(value);
}

function unknownName(name: string): never {
  throw new Error(`${name} is no function or template that is known here`);
}
