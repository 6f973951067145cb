"""Passwords: which are accepted, and their argon2id hashes (RFC 9106)."""

import threading
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from counterfoil.exceptions import InvalidInput

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 12
# More than anybody types, and little enough that hashing it costs nothing beside the hash itself.
LONGEST = 1_000
_FEWEST_DIFFERENT = 5
# One hash takes 64 MiB and all cores' time: more at once would only make everybody wait, and fill the memory.
_at_once = threading.BoundedSemaphore(2)


def check_password(password: str, account_name: str) -> None:
    """Raise InvalidInput, which says why, for a password that is too easily guessed."""
    plain = password.casefold()
    if len(password) < SHORTEST:
        raise InvalidInput(
            "The password is too short: use at least {shortest} characters; a few words do well.", shortest=SHORTEST
        )
    if len(password) > LONGEST:
        raise InvalidInput("The password is longer than {longest} characters.", longest=LONGEST)
    if len(set(plain)) < _FEWEST_DIFFERENT:
        raise InvalidInput("The password repeats the same few characters: use more different ones.")
    rest = plain.replace(account_name.casefold(), "").replace("counterfoil", "").replace("password", "")
    if len(rest) < SHORTEST // 2:
        raise InvalidInput("The password is little more than the account's name, or this program's: use other words.")


def hash_password(password: str) -> str:
    """The argon2id hash of a password, with its parameters and a salt of its own."""
    with _at_once:
        return _hasher().hash(_spelt(password))


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether this is the password of the hash; without a hash the same work is done, and the answer is no."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    if len(password) > LONGEST:
        return False
    nobodys = _nobodys_hash()
    try:
        with _at_once:
            matches = _hasher().verify(password_hash or nobodys, _spelt(password))
    except (Argon2Error, InvalidHashError):
        return False
    return matches and password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than a new one would be."""
    return _hasher().check_needs_rehash(password_hash)


def _spelt(password: str) -> bytes:
    # The same letters typed on another keyboard can be other code points (NFC); a lone surrogate is no text at all.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash("the password of an account that does not exist")
