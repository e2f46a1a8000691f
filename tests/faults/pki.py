"""Throw-away certificates: an authority, and what it signs."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import NameOID


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _san(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


class Pair:
    """A certificate and its key, in two files."""

    def __init__(self, folder, name, key, certificate):
        self.key, self.certificate = key, certificate
        self.cert_file, self.key_file = folder / f"{name}.crt", folder / f"{name}.key"
        self.write()

    def write(self):
        """(Re)write both files, each by rename."""
        pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        key = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        replace_file(self.cert_file, pem)
        replace_file(self.key_file, key)


def replace_file(path, data):
    """Write a file as a careful operator does: beside it, then rename."""
    new = path.with_name(path.name + ".new")
    new.write_bytes(data)
    new.rename(path)


LONG = 60 * 86400  # nobody warns of an end, also when a row moves the clock a day


class Authority:
    """Signs certificates; `pair` is its own."""

    def __init__(self, folder, name="ca"):
        self.folder = folder
        key = ec.generate_private_key(ec.SECP256R1())
        ca = x509.BasicConstraints(ca=True, path_length=None)
        certificate = _build(name, key, name, key, LONG, [(ca, True)])
        self.pair = Pair(folder, name, key, certificate)

    def issue(self, name, usage, san=None, seconds=LONG):
        """A pair that is good for `seconds`; negative: expired that long ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        more = [(x509.ExtendedKeyUsage([usage]), False)]
        if san:
            more.append((x509.SubjectAlternativeName([_san(san)]), False))
        signer = self.pair
        issuer = signer.certificate.subject
        issuer = issuer.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        certificate = _build(name, key, issuer, signer.key, seconds, more)
        return Pair(self.folder, name, key, certificate)

    def server(self, name="server", san="127.0.0.1", seconds=LONG):
        """A server's pair."""
        return self.issue(name, Usage.SERVER_AUTH, san, seconds)

    def client(self, name="client", seconds=LONG):
        """A client's pair."""
        return self.issue(name, Usage.CLIENT_AUTH, None, seconds)


def _build(name, key, issuer, signer, seconds, extensions):
    now = datetime.datetime.utcnow()
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=7))
        .not_valid_after(now + datetime.timedelta(seconds=seconds))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256())
