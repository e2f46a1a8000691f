#!/usr/bin/python3
"""Run the installed PyKMIP server with TLS 1.2 and 1.3.

PyKMIP 0.10 wraps its sockets with ssl.wrap_socket, which speaks one version
only.  This puts a context in its place and then runs the server unchanged, with
the same options as pykmip-server.

SIDEKEY_TLS_MIN and SIDEKEY_TLS_MAX may be 1.2 or 1.3.
"""
import os
import ssl
import sys
import warnings

warnings.simplefilter("ignore")

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def wrap_socket(sock, **options):
    """What ssl.wrap_socket did, for a server, with a modern context."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = VERSIONS[os.environ.get("SIDEKEY_TLS_MIN", "1.2")]
    context.maximum_version = VERSIONS[os.environ.get("SIDEKEY_TLS_MAX", "1.3")]
    context.load_cert_chain(options["certfile"], options["keyfile"])
    context.load_verify_locations(options["ca_certs"])
    context.verify_mode = ssl.CERT_REQUIRED
    return context.wrap_socket(
        sock,
        server_side=True,
        do_handshake_on_connect=options.get("do_handshake_on_connect", False),
        suppress_ragged_eofs=options.get("suppress_ragged_eofs", True),
    )


def main():
    ssl.wrap_socket = wrap_socket
    from kmip.services.server import server

    return server.main()


if __name__ == "__main__":
    sys.exit(main())
