/** 1: it was tried and failed. 2: it was asked for wrongly. */
export type FailureExitCode = 1 | 2;

/** What the user is told instead of a stack trace: what went wrong, and what to do next. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: FailureExitCode;
  /** Undefined where there is nothing to do about it. */
  readonly hint: string | undefined;

  constructor(exitCode: FailureExitCode, message: string, hint: string | undefined, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
    this.hint = hint;
  }

  /** Wrong usage. */
  static usage(message: string, hint: string): Failure {
    return new Failure(2, message, hint);
  }
}
