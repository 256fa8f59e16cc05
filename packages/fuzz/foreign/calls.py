"""Calls without generated code, and checks that make them."""

import json
import sys
from pathlib import Path

import grpc
from wire import decode, encode, first

FOLDER = Path(sys.argv[1])
SETTINGS = json.loads((FOLDER / "settings.json").read_text())
PRESENCE = "/presence.v1.PresenceService/"
PHONE = {1: "alice", 2: "phone"}
SERVING = 1

checks = []


def check(name):
    return lambda run: checks.append((name, run))


def expect(actual, wanted):
    if actual != wanted:
        raise AssertionError(f"{actual!r} instead of {wanted!r}")


def read(name):
    return (FOLDER / name).read_bytes()


def connection(server, credentials=None):
    """A connection of its own: one that was trusted must not serve the next check."""
    address = SETTINGS["addresses"][server]
    # grpcio would ask a proxy of the environment for loopback addresses too.
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]
    if credentials is None:
        return grpc.insecure_channel(address, options)
    return grpc.secure_channel(address, credentials, options)


def call(channel, path, fields, timeout=10, **options):
    return channel.unary_unary(path)(encode(fields), timeout=timeout, **options)


def code_of(act):
    try:
        act()
        return "OK"
    except grpc.RpcError as error:
        return error.code().name


def services(channel, metadata=()):
    """What reflection lists."""
    reflect = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
    answer = next(reflect(iter([encode({7: "*"})]), timeout=10, metadata=metadata))
    return [first(service, 1).decode() for service in decode(first(answer, 6))[1]]
