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
_OTHER_CODES = {"RMB": "CNY", "CNH": "CNY", "NTD": "TWD", "RUR": "RUB", "EURO": "EUR", "EUROS": "EUR", "SR": "SAR"}

# Codes that are words too ("TOP 100", "Gel 2 in 1"): in a text they are codes only where that currency is used anyway.
WORDS = frozenset({"ALL", "BAM", "BOB", "CUP", "GEL", "MAD", "MOP", "PEN", "SOS", "TOP", "TRY"})

# The currency of a country, by the last part of its web addresses.
OF_COUNTRY: dict[str, str] = dict(
    pair.split(":")
    for pair in (  # noqa: SIM905 - a list would fill the screen
        "ae:AED al:ALL am:AMD ar:ARS at:EUR au:AUD az:AZN ba:BAM bd:BDT be:EUR bg:EUR bh:BHD bo:BOB br:BRL by:BYN "
        "ca:CAD ch:CHF cl:CLP cn:CNY cr:CRC cy:EUR cz:CZK de:EUR dk:DKK do:DOP dz:DZD ee:EUR eg:EGP es:EUR fi:EUR "
        "fr:EUR gb:GBP ge:GEL gh:GHS gr:EUR gt:GTQ hk:HKD hn:HNL hr:EUR hu:HUF id:IDR ie:EUR il:ILS in:INR iq:IQD "
        "ir:IRR is:ISK it:EUR jo:JOD jp:JPY ke:KES kg:KGS kh:KHR kr:KRW kw:KWD kz:KZT lb:LBP lk:LKR lt:EUR lu:EUR "
        "lv:EUR ma:MAD md:MDL me:EUR mk:MKD mm:MMK mn:MNT mo:MOP mt:EUR mx:MXN my:MYR ng:NGN ni:NIO nl:EUR no:NOK "
        "np:NPR nz:NZD om:OMR pa:PAB pe:PEN ph:PHP pk:PKR pl:PLN pt:EUR py:PYG qa:QAR ro:RON rs:RSD ru:RUB sa:SAR "
        "se:SEK sg:SGD si:EUR sk:EUR su:RUB sv:USD th:THB tj:TJS tn:TND tr:TRY tw:TWD tz:TZS ua:UAH ug:UGX uk:GBP "
        "us:USD uy:UYU uz:UZS ve:VES vn:VND za:ZAR"
    ).split()
)
# How many digits stand behind the point, where it is not two (ISO 4217).
THREE_DIGITS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})

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
    "CDN$": ("CAD",),
    "USD$": ("USD",),
    "AR$": ("ARS",),
    "CLP$": ("CLP",),
    "S/": ("PEN",),
    "元": ("CNY", "TWD"),
    "円": ("JPY",),
    "人民币": ("CNY",),
    "৳": ("BDT",),
    "₦": ("NGN",),
    "₡": ("CRC",),
    "₲": ("PYG",),
    "₸": ("KZT",),
    "тг": ("KZT",),
    "₼": ("AZN",),
    "₾": ("GEL",),
    "₵": ("GHS",),
    "₮": ("MNT",),
    "៛": ("KHR",),
    "руб": ("RUB", "BYN"),
    "р": ("RUB", "BYN"),
    "грн": ("UAH",),
    "ر.س": ("SAR",),
    "﷼": ("SAR", "IRR", "YER", "OMR", "QAR"),
    "د.إ": ("AED",),
    "ج.م": ("EGP",),
    "د.ك": ("KWD",),
    "TL": ("TRY",),
    "lei": ("RON", "MDL"),
    "лв": ("BGN",),
    "KM": ("BAM",),
    "ден": ("MKD",),
    "din": ("RSD",),
    "Fr": ("CHF",),
    "KSh": ("KES",),
    "USh": ("UGX",),
    "TSh": ("TZS",),
    "ریال": ("IRR",),
    "රු": ("LKR",),
    "नेरू": ("NPR",),
    "SFr": ("CHF",),
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "DOP", "BOB"),
    "¥": ("JPY", "CNY"),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "Rs": ("INR", "PKR", "LKR", "NPR", "MUR"),
}


def currency_code(written: str | None, used_here: Sequence[str] = ()) -> str | None:
    """The ISO 4217 code of a currency as a page writes it; `used_here` are those used there, the likeliest first.

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
    declared = [code for code in used_here if code in meanings][:1]
    candidates = declared or list(meanings)
    return candidates[0] if len(candidates) == 1 else None


def signs() -> list[str]:
    """All signs and other spellings of currencies, the longest first."""
    return sorted({*_SIGNS, *_OTHER_CODES}, key=len, reverse=True)


def share_a_sign(one: str, other: str) -> bool:
    """Whether there is a sign that may mean either of two currencies."""
    return any(one in meanings and other in meanings for meanings in _SIGNS.values())
