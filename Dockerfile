# The presence server: docker build --tag presence .
FROM node:24-bookworm-slim AS build
WORKDIR /build
# Packages are fetched by the lockfile alone: a change in a source does not fetch them again.
COPY script/toolchain.sh script/
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN bash -euc 'source script/toolchain.sh; mkdir -p .tools; ensure_pnpm; pnpm fetch'
COPY . .
RUN bash -euc 'source script/toolchain.sh; bootstrap; turbo run build --filter=@presence/grpc-server --output-logs=errors-only --no-update-notifier'
# What the server needs and nothing else: no sources, no tests, no tools.
RUN bash -euc 'source script/toolchain.sh; pnpm --filter @presence/grpc-server deploy --prod --offline /app'

FROM node:24-bookworm-slim
ENV NODE_ENV=production
# Others must reach it. With PRESENCE_AUTH=none the server then refuses to start, until PRESENCE_ALLOW_INSECURE=true says that a network keeps strangers out.
ENV PRESENCE_HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app ./
# The image's user `node`, as a number: Kubernetes cannot tell from a name that it is not root. The process writes no file.
USER 1000:1000
EXPOSE 50051 9464
STOPSIGNAL SIGTERM
# Ready, not merely alive: it can tell the truth. It asks the metrics port, so it fails where PRESENCE_METRICS_PORT=off.
HEALTHCHECK --interval=5s --timeout=3s --start-period=15s --retries=3 CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.PRESENCE_METRICS_PORT ?? 9464}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/main.js"]
