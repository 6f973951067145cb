"""Every error that Counterfoil raises on purpose.

CounterfoilError
+-- InvalidInput          a person's input is wrong: says what, where, and what to do
|   +-- InvalidSetting    an environment variable
|   +-- InvalidSchedule   a cron line or an interval
|   +-- InvalidDeclaration a marketplace's YAML
|   +-- InvalidCursor     a page cursor that we did not make
|   +-- UnreadableArchive a file of saved pages
+-- NotFound              no such thing, or not this owner's
|   +-- UnknownMarketplace
|   +-- DeletedByRetention the picture was there; its time had come
+-- Conflict              it exists already, or somebody else changed it meanwhile
|   +-- Outdated          it is not what the person last saw: look again
+-- NotLoggedIn           nobody is logged in, or the session or API key is not valid (any more)
+-- Forbidden             this account's role, or this request, may not do that
+-- TooManyAttempts       wrong passwords or requests came too fast: `seconds` says how long to wait
+-- TooLarge              more was sent than is read
+-- Superseded            this attempt at a crawl is no longer the current one: stop, write nothing
+-- StoreError            the database or the data folder cannot be used as it is
|   +-- StoreDamaged      it is there and unreadable: never start empty over it
|   +-- SchemaMismatch    made by another version of the program
|   +-- StoreUnavailable  the database does not answer just now: trying again can help
|   +-- VersionConflict   another version of the program is at work on it
|   +-- BackupDamaged     a backup is not whole, or not what its manifest says
|   +-- ClockMismatch     the machine's clock contradicts what the database has seen
|   +-- EvidenceDamaged   a stored file is not what its name says
|   +-- EvidenceUnavailable the bucket of pictures and bodies does not answer
+-- AddressRefused        an outgoing request would leave the addresses that it may reach
+-- DeclarationFails      a marketplace's declaration does not read what it should
+-- ImportFailed          an import has read nothing
+-- FetchFailed           a document could not be fetched; `permanent` says whether trying again can help
+-- UnreadablePicture     the bytes are no picture that we decode
+-- DamagedModel          a model file that comes with the program is not whole, or another version's
+-- IndexUnavailable      the suspect index cannot be used now
"""

from typing import Any

__all__ = [
    "AddressRefused",
    "BackupDamaged",
    "ClockMismatch",
    "Conflict",
    "CounterfoilError",
    "DamagedModel",
    "DeclarationFails",
    "DeletedByRetention",
    "EvidenceDamaged",
    "EvidenceUnavailable",
    "FetchFailed",
    "Forbidden",
    "ImportFailed",
    "IndexUnavailable",
    "InvalidCursor",
    "InvalidDeclaration",
    "InvalidInput",
    "InvalidSchedule",
    "InvalidSetting",
    "NotFound",
    "NotLoggedIn",
    "Outdated",
    "SchemaMismatch",
    "StoreDamaged",
    "StoreError",
    "StoreUnavailable",
    "Superseded",
    "TooLarge",
    "TooManyAttempts",
    "UnknownMarketplace",
    "UnreadableArchive",
    "UnreadablePicture",
    "VersionConflict",
]


class CounterfoilError(Exception):
    """The root of all errors raised on purpose; its text is meant for a person.

    `message` is the text, with a `{name}` for each of the `values`, as `str.format` takes them: so the console can say
    it in the language of its reader, and `str()` says it in English. Without values it stands as it is.

    `permanent` is true where trying the same thing again cannot help; `fatal` where the process that meets it can do
    nothing more of use: it says so once and ends.
    """

    permanent = True
    fatal = False

    def __init__(self, message: str = "", /, **values: object) -> None:
        super().__init__(message.format(**values) if values else message)
        self.message = message
        self.values = values

    def __reduce__(self) -> tuple[Any, ...]:
        # Into another process go its text and attributes, whatever its class is made with; and of values that may not
        # be picklable, such as a driver's own error, what they say.
        values = {name: one if isinstance(one, _PLAIN) else str(one) for name, one in self.values.items()}
        return _made_again, (type(self), self.args, {**self.__dict__, "values": values})


_PLAIN = (str, int, float, CounterfoilError)


def _made_again(kind: type[CounterfoilError], said: tuple[Any, ...], state: dict[str, Any]) -> CounterfoilError:
    error = kind.__new__(kind, *said)
    error.__dict__.update(state)
    return error


class InvalidInput(CounterfoilError):
    """What a person gave cannot be used."""


class InvalidSetting(InvalidInput):
    """An environment variable has a value that cannot be used; the text names the variable."""


class InvalidSchedule(InvalidInput):
    """A cron line or an interval is malformed, or never fires."""


class InvalidDeclaration(InvalidInput):
    """A marketplace's declaration is malformed; the text names file and field."""


class InvalidCursor(InvalidInput):
    """A page cursor is not one of ours, or belongs to another search."""


class UnreadableArchive(InvalidInput):
    """A file of saved pages is damaged, too large, or none that we read; the text names the file."""


class NotFound(CounterfoilError):
    """There is no such thing, or it belongs to another owner: the two look the same from outside."""


class UnknownMarketplace(NotFound):
    """No declaration has this name; the text lists those that exist."""


class DeletedByRetention(NotFound):
    """The picture was deleted because its time had come; the text says when."""


class Conflict(CounterfoilError):
    """The thing exists already, or was changed by somebody else meanwhile."""


class Outdated(Conflict):
    """What a change was based on has changed since the person saw it: look at it again, nothing was overwritten."""


class NotLoggedIn(CounterfoilError):
    """Nobody is logged in, or the session or API key has ended, expired or was revoked."""


class Forbidden(CounterfoilError):
    """The role does not reach that far, or the request does not come from our own pages."""


class TooManyAttempts(CounterfoilError):
    """Wrong passwords, or requests, came too fast; after `seconds` it can be tried again."""

    permanent = False

    def __init__(self, message: str, /, *, seconds: int, **values: object) -> None:
        super().__init__(message, seconds=seconds, **values)
        self.seconds = seconds


class TooLarge(CounterfoilError):
    """More was sent than is read; the text says how much that is."""


class Superseded(CounterfoilError):
    """Another attempt at this crawl has taken over: stop and write nothing."""


class StoreError(CounterfoilError):
    """The database or the data folder cannot be used as it is."""


class StoreDamaged(StoreError):
    """The database is there and cannot be read: refuse, rather than start empty over it."""

    fatal = True


class SchemaMismatch(StoreError):
    """The database was made by another version of the program."""

    fatal = True


class VersionConflict(StoreError):
    """Another version of the program is at work on this database; the text names who runs."""

    fatal = True


class BackupDamaged(StoreError):
    """A backup is not whole, or not what its manifest says it is."""


class ClockMismatch(StoreError):
    """The machine's clock contradicts the times in the database: set it, or accept it."""


class StoreUnavailable(StoreError):
    """The database does not answer just now, or cannot write: nothing is lost, and trying again can help."""

    permanent = False


class EvidenceDamaged(StoreError):
    """A stored file does not have the SHA-256 that it is named by."""


class EvidenceUnavailable(StoreError):
    """The bucket that pictures and bodies are kept in cannot be reached, or refuses us; trying again can help."""

    permanent = False


class AddressRefused(CounterfoilError):
    """An outgoing request would leave the addresses that it may reach."""


class DeclarationFails(CounterfoilError):
    """Saved pages are read otherwise than a declaration, or a recorded case, says; the text counts them."""


class ImportFailed(CounterfoilError):
    """No listing was found in the saved files; the text says what was."""


class FetchFailed(CounterfoilError):
    """A document could not be fetched.

    `permanent` says whether trying again can help: a 404 cannot change by itself, a time-out can.
    """

    def __init__(self, message: str, /, *, permanent: bool, **values: object) -> None:
        super().__init__(message, **values)
        self.permanent = permanent


class UnreadablePicture(CounterfoilError):
    """The bytes are no picture that we decode: the format, the size or the content is refused."""


class DamagedModel(CounterfoilError):
    """A model file that comes with the program was changed or damaged, or belongs to another version of it."""


class IndexUnavailable(CounterfoilError):
    """The suspect index cannot be used now; nothing is lost, it can be rebuilt."""

    permanent = False
