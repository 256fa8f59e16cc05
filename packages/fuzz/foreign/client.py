"""Checks presence servers with grpcio, one line a check. Exit code 1: one of them failed.

Its argument is a folder with the servers' addresses, a token of alice, and certificates; script/foreign-client makes it.
"""

import platform
import sys

import grpc
import plain  # noqa: F401 - each adds its checks
import tls  # noqa: F401
from calls import checks

failed = 0
for name, run in checks:
    try:
        run()
        print("ok     ", name, flush=True)
    except Exception as error:  # Whatever it is: the others are still to be made.
        failed += 1
        print("FAILED ", name, flush=True)
        print(f"        {type(error).__name__}: {error}", file=sys.stderr)
print(f"{len(checks) - failed} of {len(checks)} checks held; grpcio {grpc.__version__}, Python {platform.python_version()}")
sys.exit(failed > 0)
