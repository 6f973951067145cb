"""What people are told of the things that the database has a code for, in the language of the reader."""

from console.translation import gettext as _
from console.translation import ngettext
from counterfoil.changes import FieldChange
from counterfoil.models import (
    Match,
    MatchDecision,
    MatchKind,
    RightKind,
    Role,
    VerdictKind,
)

# Of a title, in a list: longer ones are words for search engines.
LONGEST_TITLE = 300


def shortened(text: str, most: int) -> str:
    """A text that a stranger may have made as long as they like, cut where a page has seen enough of it."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def verdict_word(kind: VerdictKind) -> str:
    """A verdict, as its button says it."""
    return {
        VerdictKind.COUNTERFEIT: _("counterfeit"),
        VerdictKind.LOOKALIKE: _("lookalike"),
        VerdictKind.AUTHORISED: _("authorised"),
        VerdictKind.UNRELATED: _("unrelated"),
        VerdictKind.UNSURE: _("unsure"),
    }[kind]


def verdict_choices() -> list[tuple[int, VerdictKind, str]]:
    """Every verdict with its key."""
    return [(key, kind, verdict_word(kind)) for key, kind in enumerate(VerdictKind, start=1)]


def role_word(role: Role) -> str:
    """What somebody is here."""
    return {
        Role.VIEWER: _("viewer"),
        Role.ANALYST: _("analyst"),
        Role.MANAGER: _("manager"),
        Role.ADMIN: _("admin"),
    }[role]


def right_word(kind: RightKind) -> str:
    """A kind of registered right."""
    return {
        RightKind.TRADEMARK: _("trademark"),
        RightKind.DESIGN: _("design"),
        RightKind.COPYRIGHT: _("copyright"),
        RightKind.PATENT: _("patent"),
    }[kind]


def decision_word(decision: MatchDecision) -> str:
    """How sure a match is."""
    return {
        MatchDecision.CONFIRMED: _("confirmed"),
        MatchDecision.REVIEW: _("to be looked at"),
        MatchDecision.UNVERIFIED: _("unverified"),
    }[decision]


def field_word(field: str) -> str:
    """What a field of a listing is called."""
    return {
        "price": _("price"),
        "seller": _("seller"),
        "images": _("pictures"),
        "title": _("title"),
        "availability": _("availability"),
        "condition": _("condition"),
        "ships_from": _("ships from"),
        "category": _("category"),
        "brand": _("brand"),
        "sku": _("SKU"),
        "gtin": _("GTIN"),
        "url": _("address"),
        "description": _("description"),
    }[field]


def change_words(change: FieldChange) -> str:
    """One change in a few words: `price 20 EUR → 12 EUR`, `2 new pictures`."""
    if change.field == "images":
        return ", ".join(filter(None, (_new_pictures(len(change.added)), _gone_pictures(len(change.removed)))))
    name = field_word(change.field)
    if change.field == "description" or len(f"{change.before}{change.after}") > 200:
        return _("another %(field)s") % {"field": name}
    nothing = _("none")
    return f"{name} {change.before or nothing} → {change.after or nothing}"


def match_words(match: Match) -> str:
    """What a match says, in a line: what kind of, how surely, and how the picture was changed."""
    kind = _("a copy") if match.kind is MatchKind.COPY else _("the same product, photographed anew")
    said = [f"{kind} ({decision_word(match.decision)})"]
    if match.transform is not None:
        said += [_("mirrored")] if match.transform.mirrored else []
        turned = round(match.transform.rotation) % 360
        turned = turned if turned <= 180 else turned - 360
        # As with a reason: what nobody sees is not worth a word.
        said += [_("turned by %(degrees)d°") % {"degrees": turned}] if abs(turned) >= 2 else []
    if match.agreement is not None:
        said.append(_("%(share)d %% of the pixels agree") % {"share": round(match.agreement * 100)})
    if match.distance is not None:
        said.append(_("its hash differs in %(bits)d of 256 bits") % {"bits": match.distance})
    return ", ".join(said)


def _new_pictures(count: int) -> str:
    return ngettext("%d new picture", "%d new pictures", count) % count if count else ""


def _gone_pictures(count: int) -> str:
    return ngettext("%d picture gone", "%d pictures gone", count) % count if count else ""
