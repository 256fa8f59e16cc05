import { type Redis, ReplyError } from "ioredis";
import type { Answer } from "./facts.ts";

/** One command that writes nothing, with its name in capitals. */
export type Question = readonly [name: string, ...args: (string | number)[]];

/** Asks Redis. What it refuses is an answer, since managed services refuse a lot; that it does not answer at all is an error. */
export interface Questions {
  /** @throws Error where Redis does not answer */
  ask(question: Question): Promise<Answer<unknown>>;
  /** Many at once; each may be refused by itself. @throws Error where Redis does not answer */
  askAll(questions: readonly Question[]): Promise<readonly Answer<unknown>[]>;
}

/** Questions to one server. */
export function questionsTo(client: Redis): Questions {
  return {
    async ask([name, ...args]) {
      try {
        return { known: await client.call(name, ...args) };
      } catch (error) {
        if (error instanceof ReplyError) return { refused: `${name}: ${(error as Error).message}` };
        throw error;
      }
    },
    async askAll(questions) {
      if (questions.length === 0) return [];
      const answers = await client.pipeline(questions.map(([name, ...args]) => ["call", name, ...args])).exec();
      if (answers === null) throw new Error("the connection was lost");
      return answers.map(([error, value], index) => {
        if (error === null) return { known: value };
        if (error instanceof ReplyError) return { refused: `${questions[index]?.[0]}: ${error.message}` };
        throw error;
      });
    },
  };
}

/** A setting of the server; refused too where it has none of that name. */
export async function setting(questions: Questions, name: string): Promise<Answer<string>> {
  const answer = await questions.ask(["CONFIG", "GET", name]);
  if ("refused" in answer) return answer;
  const [, value] = answer.known as readonly string[];
  return value === undefined ? { refused: `CONFIG GET ${name}: there is no such setting` } : { known: value };
}

/** `make` of an answer, where there is one. */
export function mapped<From, To>(answer: Answer<From>, make: (value: From) => To): Answer<To> {
  return "known" in answer ? { known: make(answer.known) } : answer;
}

/** All answers as one: refused where one of them is. */
export function together(answers: readonly Answer<unknown>[]): Answer<readonly unknown[]> {
  const known: unknown[] = [];
  for (const answer of answers) {
    if ("refused" in answer) return answer;
    known.push(answer.known);
  }
  return { known };
}
