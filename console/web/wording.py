"""What the pages call the things that the database has a code for, in the language of the reader."""

from console.translation import gettext as _
from counterfoil.models import VerdictKind


def verdict_word(kind: VerdictKind) -> str:
    """A verdict, as its button says it."""
    return {
        VerdictKind.COUNTERFEIT: _("counterfeit"),
        VerdictKind.LOOKALIKE: _("lookalike"),
        VerdictKind.AUTHORISED: _("authorised"),
        VerdictKind.UNRELATED: _("unrelated"),
        VerdictKind.UNSURE: _("unsure"),
    }[kind]
