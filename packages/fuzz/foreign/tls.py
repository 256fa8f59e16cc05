"""What a client over TLS may expect: with tokens, with certificates, and where either will do."""

import grpc
from calls import PHONE, PRESENCE, SERVING, SETTINGS, call, check, code_of, connection, expect, read, services
from wire import first

TOKEN = (("authorization", "Bearer " + SETTINGS["token"]),)
BOBS_PHONE = {1: "bob", 2: "phone"}


def trusting(authority="authority"):
    return grpc.ssl_channel_credentials(read(authority))


def showing(certificate):
    return grpc.ssl_channel_credentials(read("authority"), read("clientKey"), read(certificate))


def check_connect(name, wanted, server, credentials, metadata=(), fields=PHONE):
    @check(f"{server}: {name}")
    def _():
        with connection(server, credentials) as channel:
            expect(code_of(lambda: call(channel, PRESENCE + "Connect", fields, metadata=metadata)), wanted)


check_connect("a token is enough where the authority is trusted", "OK", "tls", trusting(), TOKEN)
check_connect("no token is UNAUTHENTICATED", "UNAUTHENTICATED", "tls", trusting())
check_connect("what is no token is UNAUTHENTICATED", "UNAUTHENTICATED", "tls", trusting(), (("authorization", "Bearer x"),))
check_connect("another user's device is PERMISSION_DENIED", "PERMISSION_DENIED", "tls", trusting(), TOKEN, BOBS_PHONE)
check_connect("a server of an authority that is not trusted is UNAVAILABLE", "UNAVAILABLE", "tls", trusting("strangerCertificate"), TOKEN)
check_connect("plain text is UNAVAILABLE", "UNAVAILABLE", "tls", None, TOKEN)


@check("tls: Health/Check needs no token")
def _():
    with connection("tls", trusting()) as channel:
        expect(first(call(channel, "/grpc.health.v1.Health/Check", {}), 1), SERVING)


@check("tls: reflection is off, with a token too")
def _():
    with connection("tls", trusting()) as channel:
        expect(code_of(lambda: services(channel, TOKEN)), "UNIMPLEMENTED")


check_connect("a good certificate is served", "OK", "mtls", showing("gatewayCertificate"))
check_connect("so is one without a service's name", "OK", "mtls", showing("appCertificate"))
check_connect("no certificate is UNAVAILABLE", "UNAVAILABLE", "mtls", trusting())
check_connect("an expired one is UNAVAILABLE", "UNAVAILABLE", "mtls", showing("expiredCertificate"))
check_connect("a stranger's is UNAVAILABLE", "UNAVAILABLE", "mtls", showing("strangerCertificate"))

check_connect("a service is known by the name in its certificate", "OK", "either", showing("gatewayCertificate"), (), BOBS_PHONE)
check_connect("another name is UNAUTHENTICATED", "UNAUTHENTICATED", "either", showing("appCertificate"))
check_connect("a token needs no certificate", "OK", "either", trusting(), TOKEN)
check_connect("an expired certificate is refused beside a token", "UNAVAILABLE", "either", showing("expiredCertificate"), TOKEN)
