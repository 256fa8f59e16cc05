/** A signal ends this process in a way that ends its servers with it: "exit" is not told of a signal that nobody handles. */
export function endOnSignal(): void {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)
    process.once(signal, () => process.exit(code));
}
