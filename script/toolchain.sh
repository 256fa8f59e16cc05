# Sourced by the other scripts: stands in the checkout, and puts its own tools on PATH.
# shellcheck shell=bash
#
# Its functions are called from conditions too, where `set -e` is off: each step says itself what follows when it fails.

cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/node_modules/.bin:$PWD/.tools/node_modules/.bin:$PATH"
export TURBO_TELEMETRY_DISABLED=1 DO_NOT_TRACK=1
# Nobody asked npm for notices.
export npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false

pnpm_version=12.21.0
# Works on every Node that we support, should the first one not install here.
pnpm_fallback=10.34.9

say() { printf '%s\n' "$*" >&2; }

# Node 20.19 or newer, or a message what to do.
require_node() {
  local version major minor
  version=$(node --version 2>/dev/null) || { say "Node is missing: install Node 20.19 or newer (24 is recommended), then run this again."; return 1; }
  IFS=. read -r major minor _ <<<"${version#v}"
  if [ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; }; then return 0; fi
  say "Node $version is too old: install Node 20.19 or newer (24 is recommended), then run this again."
  return 1
}

# Runs a command, and shows what it printed only if it failed.
quietly() {
  "$@" >.tools/step.log 2>&1 && return
  cat .tools/step.log >&2
  return 1
}

# pnpm of one version into .tools; its own installer puts the binary in place, without any other package's scripts.
install_pnpm() {
  rm -rf .tools/node_modules
  quietly npm install --ignore-scripts --no-save --prefix .tools "pnpm@$1" || return
  if [ -f .tools/node_modules/pnpm/install.js ]; then
    (cd .tools/node_modules/pnpm && node install.js >&2) || return
  fi
  .tools/node_modules/.bin/pnpm --version >/dev/null || return
  printf '%s' "$1" >.tools/pnpm-version
}

# The pnpm that the lockfile was made with, else the fallback.
ensure_pnpm() {
  local installed=""
  if [ -x .tools/node_modules/.bin/pnpm ]; then installed=$(cat .tools/pnpm-version 2>/dev/null || true); fi
  if [ "$installed" = "$pnpm_version" ]; then return; fi
  # This one would fetch the version that package.json names, and run that. turbo.json lets the variable through.
  if [ "$installed" = "$pnpm_fallback" ]; then
    export npm_config_manage_package_manager_versions=false
    return
  fi
  say "Fetching pnpm $pnpm_version …"
  install_pnpm "$pnpm_version" && return
  say "… did not install here; fetching pnpm $pnpm_fallback"
  export npm_config_manage_package_manager_versions=false
  install_pnpm "$pnpm_fallback"
}

lockfile_stamp() { echo "$pnpm_version $(cat pnpm-lock.yaml pnpm-workspace.yaml package.json | cksum)"; }

is_installed() { [ -d node_modules/.pnpm ] && [ "$(cat .tools/installed 2>/dev/null)" = "$(lockfile_stamp)" ]; }

# Folders count too: a file that is gone leaves no other trace.
is_built() {
  [ -f .tools/built ] && [ -f packages/grpc-server/dist/main.js ] && [ -f packages/cli/dist/main.js ] &&
    [ -z "$(find packages/*/src packages/*/package.json packages/*/tsconfig*.json examples/*/src proto/presence proto/*.* tsconfig.base.json ! -name '*.test.ts' -newer .tools/built -print -quit)" ]
}

# Installs what the lockfile says, if that is not there yet.
bootstrap() {
  require_node || return
  if is_installed; then
    ensure_pnpm
    return
  fi
  ensure_pnpm || return
  say "Installing packages …"
  rm -f .tools/built
  # With CI set it asks nothing, whatever it has to replace.
  CI=true quietly pnpm install --frozen-lockfile || return
  lockfile_stamp >.tools/installed
}

# Builds everything, if a source is newer than the last build.
build() {
  if is_built; then return; fi
  say "Building …"
  touch .tools/building
  quietly turbo run build --output-logs=errors-only --no-update-notifier || return
  mv .tools/building .tools/built
}

# Sets up what the arguments name, one checkout's scripts after the other: a second terminal waits for the first.
prepare() {
  local step status=0 holder told=""
  mkdir -p .tools
  until ln -s "$$" .tools/lock 2>/dev/null; do
    holder=$(readlink .tools/lock || true)
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then rm -f .tools/lock; fi
    [ -n "$told" ] || say "Waiting for the set-up that process $holder is doing …"
    told=yes
    sleep 0.2
  done
  trap 'rm -f .tools/lock' EXIT
  for step in "$@"; do
    "$step" || { status=$?; break; }
  done
  rm -f .tools/lock
  trap - EXIT
  return "$status"
}

# `passed failed` of a report that vitest wrote; a file that does not load and a test that is skipped are failures too.
totals() {
  node -e '
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    const broken = testResults.filter(({ status, assertionResults }) => status === "failed" && assertionResults.every((one) => one.status !== "failed"));
    const skipped = numPendingTests + numTodoTests;
    if (skipped > 0) console.error(`${skipped} skipped: no test may be`);
    console.log(numPassedTests, numFailedTests + broken.length + skipped);
  ' "$1"
}

# In CI nobody waits at the keyboard: a test that never ends must not hold the machine. Seconds, then the command.
within() {
  local seconds=$1 status=0
  shift
  if [ -z "${CI:-}" ] || ! command -v timeout >/dev/null; then
    "$@"
    return
  fi
  timeout -k 10 "$seconds" "$@" || status=$?
  if [ "$status" = 124 ] || [ "$status" = 137 ]; then say "stopped: it did not end within $seconds s"; fi
  return "$status"
}
