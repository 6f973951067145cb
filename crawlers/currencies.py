"""Currency codes (ISO 4217) and the signs that pages write instead of them."""

import unicodedata
from collections.abc import Sequence

CODES = frozenset(
    (  # noqa: SIM905 - a list would fill the screen
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
        "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL "
        "HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD "
        "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG "
        "QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD "
        "TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG "
    ).split()
)

# Codes that are no longer, or not officially, in use and that shops write all the same.
_OTHER_CODES = {"RMB": "CNY", "CNH": "CNY", "NTD": "TWD"}

# A sign with one meaning is that currency; one with several needs the marketplace to say which of them it uses.
_SIGNS: dict[str, tuple[str, ...]] = {
    "€": ("EUR",),
    "£": ("GBP",),
    "₩": ("KRW",),
    "₽": ("RUB",),
    "₺": ("TRY",),
    "₹": ("INR",),
    "₫": ("VND",),
    "₪": ("ILS",),
    "₴": ("UAH",),
    "₱": ("PHP",),
    "฿": ("THB",),
    "zł": ("PLN",),
    "Kč": ("CZK",),
    "Ft": ("HUF",),
    "Rp": ("IDR",),
    "RM": ("MYR",),
    "R$": ("BRL",),
    "US$": ("USD",),
    "C$": ("CAD",),
    "CA$": ("CAD",),
    "A$": ("AUD",),
    "AU$": ("AUD",),
    "NZ$": ("NZD",),
    "HK$": ("HKD",),
    "S$": ("SGD",),
    "NT$": ("TWD",),
    "MX$": ("MXN",),
    "元": ("CNY",),
    "円": ("JPY",),
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU"),
    "¥": ("JPY", "CNY"),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "Rs": ("INR", "PKR", "LKR", "NPR", "MUR"),
}


def currency_code(written: str | None, used_here: Sequence[str] = ()) -> str | None:
    """The ISO 4217 code of a currency as a page writes it; `used_here` are those that the marketplace declares.

    None for what is no currency, and for a sign that could mean several: a currency is never guessed.
    """
    if not written:
        return None
    text = "".join(unicodedata.normalize("NFKC", written).split()).rstrip(".")
    code = text.upper()
    if code in CODES:
        return code
    if code in _OTHER_CODES:
        return _OTHER_CODES[code]
    meanings = _SIGNS.get(text, ())
    declared = [code for code in meanings if code in used_here]
    candidates = declared or list(meanings)
    return candidates[0] if len(candidates) == 1 else None
