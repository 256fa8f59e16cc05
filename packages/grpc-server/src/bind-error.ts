const advice: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (_, port) => `port ${port} is in use: set PRESENCE_PORT to another one, or end what listens there`,
  EADDRNOTAVAIL: (host) => `${host} is no address of this machine: set PRESENCE_HOST to one that is`,
  EACCES: (_, port) => `port ${port} needs privileges: set PRESENCE_PORT to one from 1024 on`,
};

/** A failed bind in words that say what to change. grpc-js has the reason in its message only. */
export function explainBindError(cause: Error, host: string, port: number): Error {
  for (const [code, explain] of Object.entries(advice)) {
    if (cause.message.includes(code)) return new Error(explain(host, port), { cause });
  }
  if (cause.message.startsWith("Name resolution failed"))
    return new Error(`${host} is not known: set PRESENCE_HOST to an address`, { cause });
  return new Error(`cannot listen on ${host} port ${port} (PRESENCE_HOST, PRESENCE_PORT): ${cause.message}`, { cause });
}
