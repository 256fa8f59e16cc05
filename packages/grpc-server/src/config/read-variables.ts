import type { z } from "zod";
import { schemas, shown, type Values } from "./schema.ts";
import { isServiceLink } from "./strangers.ts";
import { type Variable, type VariableName, variables } from "./variables.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Whether somebody has chosen a value. */
export function isSet(environment: Environment, name: VariableName): boolean {
  return (environment[name] ?? "") !== "";
}

/** The text of a variable. Set to nothing is unset: compose files and shells make no difference. */
export function textOf(environment: Environment, name: VariableName): string {
  const text = environment[name];
  return text === undefined || text === "" ? variables[name].default : text;
}

/** Every variable by itself: the values that could be read, and a line for each that could not. */
export function readVariables(environment: Environment): { values: Partial<Values>; problems: string[] } {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, { allowed }] of Object.entries(variables) as [VariableName, Variable][]) {
    const text = textOf(environment, name);
    const result = (schemas[name] as z.ZodType).safeParse(text);
    if (result.success) values[name] = result.data;
    else problems.push(hint(name, text) ?? `${name} is ${shown(name, text)}; it must be ${allowed}${reason(result.error)}`);
  }
  return { values: values as Partial<Values>, problems };
}

function hint(name: VariableName, text: string): string | undefined {
  if (name.endsWith("_PORT") && isServiceLink(text)) {
    return `${name} is ${shown(name, text)}: Kubernetes sets it for a Service of that name; set enableServiceLinks: false in the pod's spec, or ${name} itself`;
  }
  return undefined;
}

// Only what our own rules say: zod's words would repeat what is allowed.
function reason(error: z.ZodError): string {
  const own = error.issues.find(({ code, message }) => code === "custom" && /^(it (holds|is|has)|key \d+|E[A-Z]+:)/.test(message));
  return own === undefined ? "" : ` (${own.message})`;
}
