"""Why a listing is suspected, in the words of the reader's language: from what a reason rests on."""

from collections.abc import Callable, Mapping
from typing import Any

from console.translation import gettext as _
from counterfoil.models import MatchDecision, MatchKind, Reason, ReasonKind

Evidence = Mapping[str, Any]


def reason_words(reason: Reason) -> str:
    """A reason in a line; as it was written where an earlier judge has not kept what it rests on."""
    try:
        return _WORDS[reason.kind](reason.evidence)
    except (KeyError, TypeError, ValueError):
        return reason.text


def _picture(evidence: Evidence) -> str:
    sentence = {
        MatchDecision.CONFIRMED: _("a picture is %(what)s (%(evidence)s)"),
        MatchDecision.REVIEW: _("a picture may be %(what)s (%(evidence)s): compare the two"),
        MatchDecision.UNVERIFIED: _(
            "a picture that is no longer stored seems to be %(what)s (%(evidence)s): unverified"
        ),
    }[MatchDecision(evidence["decision"])]
    return sentence % {"what": _what(evidence), "evidence": _rests_on(evidence)}


def _what(evidence: Evidence) -> str:
    if MatchKind(evidence["kind"]) is MatchKind.SAME_PRODUCT:
        if evidence.get("one_of"):
            return _("another photo of the product on your photo, or of one that cannot be told from it")
        return _("another photo of the product on your photo")
    if evidence["stage"] == "exact":
        return _("the very file of your photo")
    transform = evidence.get("transform") or {"mirrored": False, "rotation": 0.0}
    # A small turn is not worth a word.
    turned = min(transform["rotation"], 360 - transform["rotation"]) >= 2
    return {
        (False, False): _("a copy of your photo"),
        (True, False): _("a mirrored copy of your photo"),
        (False, True): _("a turned copy of your photo"),
        (True, True): _("a mirrored and turned copy of your photo"),
    }[bool(transform["mirrored"]), turned]


def _rests_on(evidence: Evidence) -> str:
    if "distance" in evidence:
        return _("%(distance)d of %(bits)d bits differ") % {
            "distance": evidence["distance"],
            "bits": evidence["bits"],
        }
    if "agreement" in evidence:
        return _("%(share)s of the product agrees pixel by pixel") % {"share": f"{evidence['agreement']:.0%}"}
    return _("score %(score)s") % {"score": f"{evidence['score']:.2f}"}


def _brand_named(evidence: Evidence) -> str:
    return _("the title names %(name)s") % {"name": evidence["name"]}


def _brand_disguised(evidence: Evidence) -> str:
    sentence = {
        "gaps": _("the title writes %(name)s with gaps: %(seen)s"),
        "lookalike": _("the title writes %(name)s in look-alike characters"),
        "misspelt": _("the title misspells %(name)s: %(seen)s"),
    }[evidence["way"]]
    return sentence % {"name": evidence["name"], "seen": repr(evidence["seen"])}


def _product_named(evidence: Evidence) -> str:
    sentence = {
        "plain": _("the title names the product: %(name)s"),
        "most": _("the title has most of the product's name: %(seen)s"),
        "keyword": _("the title has the keyword %(name)s"),
    }[evidence["way"]]
    return sentence % {"name": evidence["name"], "seen": evidence["seen"]}


def _replica_words(evidence: Evidence) -> str:
    sentence = {"title": _("the title says %(word)s"), "description": _("the description says %(word)s")}
    return sentence[evidence["place"]] % {"word": repr(evidence["word"])}


def _price_low(evidence: Evidence) -> str:
    said = {"price": evidence["shown"], "share": f"{evidence['ratio']:.0%}"}
    if evidence["used"]:
        return _("the price %(price)s is %(share)s of the lowest honest price, though it is used") % said
    return _("the price %(price)s is %(share)s of the lowest honest price") % said


def _no_rate(evidence: Evidence) -> str:
    one, other = evidence["currency"], evidence["honest_currency"]
    if one is None:
        return _("the price %(price)s has no currency, so it is not compared") % {"price": evidence["shown"]}
    return _("there is no exchange rate from %(one)s to %(other)s") % {"one": one, "other": other}


def _seller_authorised(evidence: Evidence) -> str:
    return _("the seller %(seller)s is authorised") % {"seller": evidence["name"] or evidence["seller"]}


_WORDS: Mapping[ReasonKind, Callable[[Evidence], str]] = {
    ReasonKind.IMAGE_COPY: _picture,
    ReasonKind.BRAND_NAMED: _brand_named,
    ReasonKind.BRAND_DISGUISED: _brand_disguised,
    ReasonKind.PRODUCT_NAMED: _product_named,
    ReasonKind.REPLICA_WORDS: _replica_words,
    ReasonKind.PRICE_LOW: _price_low,
    ReasonKind.NO_RATE: _no_rate,
    ReasonKind.SELLER_AUTHORISED: _seller_authorised,
}
