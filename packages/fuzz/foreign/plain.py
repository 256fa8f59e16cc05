"""What a client in the clear may expect."""

import queue

import grpc
from calls import PHONE, PRESENCE, SERVING, call, check, code_of, connection, expect, services
from wire import decode, encode, first

ONLINE, DND = 1, 3
INVALID_ARGUMENT = 3

plain = connection("plain")


@check("plain: Connect answers ONLINE and a lease")
def _():
    answer = call(plain, PRESENCE + "Connect", PHONE)
    expect((first(answer, 1, 1), first(answer, 1, 2), first(answer, 3, 1)), (b"alice", ONLINE, 120))


@check("plain: Heartbeat renews it")
def _():
    answer = call(plain, PRESENCE + "Heartbeat", PHONE)
    expect((first(answer, 1, 2), first(answer, 3, 1)), (ONLINE, 120))


@check("plain: GetPresence answers ONLINE")
def _():
    expect(first(call(plain, PRESENCE + "GetPresence", {1: "alice"}), 1, 2), ONLINE)


@check("plain: WatchPresence tells a snapshot, then the change to DND")
def _():
    watch = plain.unary_stream(PRESENCE + "WatchPresence")(encode({1: ["alice"]}), timeout=10)
    expect(first(next(watch), 1, 1, 2), ONLINE)
    call(plain, PRESENCE + "SetStatus", {1: "alice", 2: DND, 5: "on call ☎"})
    change = next(event for event in watch if 2 in decode(event))
    expect((first(change, 2, 1, 2), first(change, 2, 1, 5).decode()), (DND, "on call ☎"))
    watch.cancel()


@check("plain: Attach answers each request, lives on after a bad one, and ends when the client does")
def _():
    requests = queue.Queue()
    answers = plain.stream_stream(PRESENCE + "Attach")(iter(requests.get, None), timeout=10)
    requests.put(encode({1: 7, 2: {1: "bob", 2: "phone"}}))
    connected = next(answers)
    expect((first(connected, 1), first(connected, 2, 1, 2)), (7, ONLINE))
    requests.put(encode({1: 8, 2: {1: "no id!", 2: "phone"}}))
    refused = next(answers)
    expect((first(refused, 1), first(refused, 7, 1, 1)), (8, INVALID_ARGUMENT))
    requests.put(encode({1: 9, 4: {1: "bob", 2: DND}}))
    done = next(answers)
    expect((first(done, 1), first(done, 3, 1, 2)), (9, DND))
    requests.put(None)
    expect(list(answers), [])
    expect(answers.code().name, "OK")


@check("plain: a deadline of 1 ms is kept, or the answer was there")
def _():
    code = code_of(lambda: call(plain, PRESENCE + "GetPresence", {1: "alice"}, timeout=0.001))
    expect(code in ("DEADLINE_EXCEEDED", "OK"), True)


@check("plain: a watch ends with its deadline")
def _():
    watch = plain.unary_stream(PRESENCE + "WatchPresence")(encode({1: ["alice"]}), timeout=0.5)
    expect(code_of(lambda: list(watch)), "DEADLINE_EXCEEDED")


@check("plain: a request packed with gzip is read, 1,000 users are answered")
def _():
    names = [f"user-{number}" for number in range(1_000)]
    answer = call(plain, PRESENCE + "BatchGetPresence", {1: names}, compression=grpc.Compression.Gzip)
    expect([first(presence, 1).decode() for presence in decode(answer)[1]], names)


@check("plain: an unknown method is UNIMPLEMENTED")
def _():
    expect(code_of(lambda: call(plain, PRESENCE + "Unknown", {})), "UNIMPLEMENTED")


@check("plain: a bad id is INVALID_ARGUMENT, with the field in the details")
def _():
    try:
        call(plain, PRESENCE + "GetPresence", {1: "no id!"})
        expect("OK", "INVALID_ARGUMENT")
    except grpc.RpcError as error:
        expect(error.code().name, "INVALID_ARGUMENT")
        details = dict(error.trailing_metadata())["grpc-status-details-bin"]
        expect((first(details, 1), first(details, 2).decode()), (INVALID_ARGUMENT, error.details()))
        expect(first(details, 3, 1), b"type.googleapis.com/google.rpc.BadRequest")
        expect(first(details, 3, 2, 1, 1), b"user_id")


@check("plain: Health/Check is SERVING, for the server and for the service")
def _():
    for service in ("", "presence.v1.PresenceService"):
        expect(first(call(plain, "/grpc.health.v1.Health/Check", {1: service}), 1), SERVING)


@check("plain: reflection lists the services")
def _():
    expect({"presence.v1.PresenceService", "presence.v1.PresenceAdminService"} <= set(services(plain)), True)
