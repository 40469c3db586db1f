"""The key that signs checkpoints and bundles: Ed25519, in a file beside the database, made when it is first needed.

Who has this file can sign whatever they like: keep it where those who could want to change the record cannot read it.
The public half lies beside it, in a file with `.pub` added; give that to whoever is to verify.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from auditor.errors import KeyUnusable

KEY_ID_CHARS = 16
END = "-----END PUBLIC KEY-----"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Signs; `public` is what its signatures are checked with."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> "PublicKey":
        """Its other half."""
        return PublicKey(self.private.public_key())

    def sign(self, message: bytes) -> str:
        """The signature, hex."""
        return self.private.sign(message).hex()


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Checks signatures."""

    key: Ed25519PublicKey

    @property
    def id(self) -> str:
        """How it is named: the first 16 hex digits of the sha256 of its 32 bytes."""
        return hashlib.sha256(self.key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:KEY_ID_CHARS]

    @property
    def pem(self) -> str:
        """As a file has it."""
        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def signed(self, message: bytes, signature: str) -> bool:
        """Whether the signature is of this message by this key."""
        try:
            self.key.verify(bytes.fromhex(signature), message)
        except (InvalidSignature, ValueError):
            return False
        return True


def signing_key(path: Path) -> SigningKey:
    """The key in a file, made there if there is no such file.

    Raises:
        KeyUnusable: it cannot be read or written, or holds no Ed25519 key.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return make_key(path)
    except OSError as error:
        raise KeyUnusable(f"{path}: {error.strerror or error}") from None
    try:
        key = load_pem_private_key(text, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"{path}: holds no Ed25519 key in PEM that can be read without a password")
    return SigningKey(key)


def make_key(path: Path) -> SigningKey:
    """A new key in a file that nobody else may read, and its public half beside it."""
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        made = SigningKey(key)
        public_file(path).write_text(made.public.pem, encoding="ascii")
    except OSError as error:
        raise KeyUnusable(f"{path}: {error.strerror or error}") from None
    return made


def public_file(key_file: Path) -> Path:
    """Where the public half of a key lies."""
    return key_file.with_name(key_file.name + ".pub")


def public_keys(text: str, name: str) -> dict[str, PublicKey]:
    """The public keys in a text, by id: one PEM block after another, so that old keys stay good when a new one comes.

    Raises:
        KeyUnusable: a block is no Ed25519 key, or there is none.
    """
    found = []
    for block in text.split(END)[:-1]:
        try:
            key = load_pem_public_key((block.strip() + "\n" + END + "\n").encode())
        except (ValueError, UnicodeEncodeError):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise KeyUnusable(f"{name}: holds something else than Ed25519 public keys in PEM")
        found.append(PublicKey(key))
    if not found:
        raise KeyUnusable(f"{name}: holds no public key in PEM")
    return by_id(found)


def read_public_keys(path: Path) -> dict[str, PublicKey]:
    """The public keys in a file, by id.

    Raises:
        KeyUnusable: it cannot be read, or holds none.
    """
    try:
        return public_keys(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise KeyUnusable(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise KeyUnusable(f"{path}: holds no public key in PEM") from None


def by_id(keys: Iterable[PublicKey]) -> dict[str, PublicKey]:
    """Keys by what they are named."""
    return {key.id: key for key in keys}


def is_signed(keys: Mapping[str, PublicKey], key_id: str, message: bytes, signature: str) -> bool:
    """Whether one of the keys, the one of that id, signed the message."""
    return key_id in keys and keys[key_id].signed(message, signature)
