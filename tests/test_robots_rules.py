"""robots.txt as RFC 9309 has it, and as google/robotstxt's published tests read it; one row a fact.

The facts of those tests, in our own words. Where our reading differs from Google's, the row says so and why.
"""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protego import Protego

from crawlers.robots_rules import MOST_READ, read_rules

SITE = "https://shop.example"


@dataclass(frozen=True)
class Case:
    """One fact: what a robots.txt means for addresses that may be asked for (`yes`) and for others (`no`)."""

    about: str
    robots: str
    yes: str = ""
    no: str = ""
    agent: str = "FooBot"


def allows(robots: str | bytes, url: str, agent: str = "FooBot") -> bool:
    body = robots if isinstance(robots, bytes) else robots.encode()
    return read_rules(body, agent).allows(url if "://" in url else SITE + url)


def group(*rules: str, agent: str = "FooBot") -> str:
    return "\n".join((f"user-agent: {agent}", *rules, ""))


def only(rule: str) -> str:
    """Nothing is allowed but this."""
    return group("disallow: /", f"allow: {rule}")


GROUPS = """allow: /foo/bar/

user-agent: FooBot
disallow: /
allow: /x/
user-agent: BarBot
disallow: /
allow: /y/


allow: /w/
user-agent: BazBot

user-agent: FooBot
allow: /z/
disallow: /
"""
ALL_AND_FOO = "user-agent: *\nallow: /\nuser-agent: FooBot\ndisallow: /\n"
FISH = "/fish /fish.html /fish/salmon.html /fishheads /fishheads/yummy.html /fish.html?id=anything"
NO_FISH = "/bar /Fish.asp /catfish /?id=fish"
FILES = "/filename.php /folder/filename.php"

LINES = [
    Case("nothing is said", "", yes="/x"),
    Case("a name and a value", group("disallow: /"), no="/x/y"),
    Case("names that nobody knows", "foo: FooBot\nbar: /\n", yes="/x/y"),
    Case("the colon is forgotten (Google's own)", "user-agent FooBot\ndisallow /\n", no="/x/y"),
    Case("disallow is misspelt (Google's own)", group("dissalow: /"), no="/x"),
    Case("names in capitals", "USER-AGENT: FooBot\nALLOW: /x/\nDISALLOW: /\n", yes="/x/y", no="/a/b"),
    Case("names in small letters", "user-agent: FooBot\nallow: /x/\ndisallow: /\n", yes="/x/y", no="/a/b"),
    Case("names in both", "uSeR-aGeNt: FooBot\nAlLoW: /x/\ndIsAlLoW: /\n", yes="/x/y", no="/a/b"),
    Case("lines as Unix ends them", "User-Agent: a\nAllow: /p\nUser-Agent: FooBot\n\n\nDisallow: /", no="/x"),
    Case("as DOS does", "User-Agent: a\r\nAllow: /p\r\nUser-Agent: FooBot\r\n\r\nDisallow: /\r\n", no="/x"),
    Case("as old Macs did", "User-Agent: a\rAllow: /p\rUser-Agent: FooBot\r\rDisallow: /\r", no="/x"),
    Case("as all of them do", "User-Agent: a\nAllow: /p\r\nUser-Agent: FooBot\n\r\n\nDisallow: /", no="/x"),
    Case("no other character ends one", group("disallow: /a\u2028allow: /", "disallow: /b"), yes="/c", no="/b"),
    Case("spaces and tabs around everything", " \t User-Agent \t:\tFooBot \n\tDisallow : / \n", no="/x"),
]
NAMES = [
    Case("several groups, one name twice", GROUPS, yes="/x/b /z/d", no="/y/c /foo/bar/"),
    Case("several groups, one name once", GROUPS, yes="/y/c /w/a", no="/z/d /foo/bar/", agent="BarBot"),
    Case("a group of two names", GROUPS, yes="/z/d", no="/foo/bar/", agent="BazBot"),
    Case("a sitemap between rules", group("disallow: /a", "sitemap: https://a/s.xml", "disallow: /b"), no="/a /b"),
    *(
        Case("names without regard to case", f"User-Agent: {name}\nAllow: /x/\nDisallow: /\n", "/x/y", "/a/b", agent)
        for name in ("FOO BAR", "foo bar", "FoO bAr")
        for agent in ("Foo", "foo")
    ),
    Case(
        "a name ends where its letters do (Google's own)",
        "User-Agent: *\nDisallow: /\nUser-Agent: Foo Bar\nAllow: /x/\nDisallow: /\n",
        yes="/x/y",
        agent="Foo",
    ),
    Case("a name with a version is the name", "User-agent: FooBot/2.1\nDisallow: /\n", no="/x"),
    Case("a name with a star is the name", "User-agent: FooBot*\nDisallow: /\n", no="/x"),
    Case("half our name is not", "User-agent: *\nDisallow: /\nUser-agent: Foo\nAllow: /\n", no="/x"),
    Case("a longer name is not", "User-agent: FooBot-Images\nDisallow: /\n", yes="/x"),
    Case("a name after a star is nobody's", "User-agent: *Bot\nDisallow: /\n", yes="/x"),
    Case("a star and words is all (Google's own)", "user-agent: * everybody\ndisallow: /\n", no="/x"),
    Case("the group for all, if none is ours", ALL_AND_FOO, yes="/x/y", agent="BarBot"),
    Case("our group, and no other", ALL_AND_FOO, no="/x/y"),
    Case("no group for us and none for all", "user-agent: BarBot\ndisallow: /\n", yes="/x/y", agent="QuxBot"),
    Case(
        "our group, although it is silent about the page",
        "User-agent: *\nDisallow: /x/\nUser-agent: FooBot\nDisallow: /y/\n",
        yes="/x/page",
        no="/y/page",
    ),
    Case("our group is empty", "User-agent: *\nDisallow: /\n\nUser-agent: FooBot\nDisallow:\n", yes="/x"),
    Case("two groups for all", "user-agent: *\ndisallow: /a\n\nuser-agent: *\ndisallow: /b\n", no="/a /b"),
    Case("nobody asks", group("disallow: /"), yes="/x", agent=""),
]
PATHS = [
    Case("small letters in a path", group("disallow: /x/"), no="/x/y"),
    Case("capitals in a path", group("disallow: /X/"), yes="/x/y"),
    Case("the longest match forbids", group("disallow: /x/page.html", "allow: /x/"), no="/x/page.html"),
    Case("the longest match allows", group("allow: /x/page.html", "disallow: /x/"), yes="/x/page.html", no="/x/"),
    Case("the longest match has a slash more", group("disallow: /x", "allow: /x/"), yes="/x/", no="/x"),
    Case("the longest match has a star", group("allow: /page", "disallow: /*.html"), yes="/page", no="/page.html"),
    Case("a star that is shorter", group("allow: /x/page.", "disallow: /*.html"), yes="/x/page.html", no="/x/y.html"),
    Case("of two equal rules, allow", group("disallow: /", "allow: /"), yes="/x/page.html"),
    Case("of two equal long rules, allow", group("disallow: /x/page.html", "allow: /x/page.html"), yes="/x/page.html"),
    Case("rules without a path", group("disallow: ", "allow: "), yes="/x/page.html"),
    Case("robots.txt itself", group("disallow: /"), yes="/robots.txt"),
    Case("a query", only("/foo/bar?a=b&c=http://foo.bar?d&e"), yes="/foo/bar?a=b&c=http://foo.bar?d&e"),
    Case("another script", only("/foo/bar/ツ"), yes="/foo/bar/%E3%83%84"),
    Case("another script, escaped", only("/foo/bar/%E3%83%84"), yes="/foo/bar/%E3%83%84"),
    Case("escapes in small letters", only("/foo/bar/%e3%83%84"), yes="/foo/bar/%E3%83%84"),
    Case("an escaped letter is the letter", only("/foo/bar/%62%61%7A"), yes="/foo/bar/%62%61%7A"),
    Case("an escaped star is a star and no wildcard", group("disallow: /a%2Ab"), yes="/axb", no="/a*b /a%2Ab"),
    Case(
        "a star is any characters",
        group("disallow: /foo/bar/quz", "allow: /foo/*/qux"),
        yes="/foo/quz /foo//quz /foo/bax/quz",
        no="/foo/bar/quz",
    ),
    Case(
        "a dollar is the end",
        group("disallow: /foo/bar$", "allow: /foo/bar/qux"),
        yes="/foo/bar/qux /foo/bar/ /foo/bar/baz",
        no="/foo/bar",
    ),
    Case(
        "a hash begins a comment",
        group("# disallow: /", "disallow: /foo/quz#qux", "allow: /"),
        yes="/foo/bar",
        no="/foo/quz",
    ),
    Case("/fish", only("/fish"), yes=FISH, no=NO_FISH),
    Case("/fish* is the same", only("/fish*"), yes=FISH, no=NO_FISH),
    Case(
        "/fish/ is not",
        only("/fish/"),
        yes="/fish/ /fish/salmon /fish/?salmon /fish/salmon.html /fish/?id=anything",
        no="/bar /fish /fish.html /Fish/Salmon.html",
    ),
    Case(
        "/*.php",
        only("/*.php"),
        yes=f"{FILES} /folder/filename.php?a //folder/any.php.file.html /filename.php/ /index?f=filename.php/",
        no="/bar /php/ /index?php /windows.PHP",
    ),
    Case(
        "/*.php$",
        only("/*.php$"),
        yes=FILES,
        no="/bar /filename.php?a /filename.php/ /filename.php5 /php/ /filename?php /aaaphpaaa //windows.PHP",
    ),
    Case("/fish*.php", only("/fish*.php"), yes="/fish.php /fishheads/catfish.php?a", no="/bar /Fish.PHP"),
    Case("/p", group("allow: /p", "disallow: /"), yes="/page"),
    Case("/folder twice", group("allow: /folder", "disallow: /folder"), yes="/folder/page"),
    Case("/page and /*.htm", group("allow: /page", "disallow: /*.htm"), no="/page.htm"),
    Case("/$", group("allow: /$", "disallow: /"), yes="/", no="/page.html"),
    Case(
        "index.html is its folder (Google's own)",
        group("allow: /slash/index.html", "disallow: /"),
        yes="/slash/ /slash/index.html",
        no="/slash/index.htm /other",
    ),
    Case("no path is /", group("disallow: /$"), yes="/a", no=SITE),
    Case("no path and a query", group("disallow: /?a"), yes=SITE, no=SITE + "?a"),
    Case("a fragment is no part of it", group("disallow: /a/b?c=d&e=f$"), no="/a/b?c=d&e=f#fragment"),
    Case("parameters are", group("disallow: /a;b$"), yes="/a", no="/a;b#c"),
]


@pytest.mark.parametrize("case", [*LINES, *NAMES, *PATHS], ids=lambda case: case.about)
def test_robots_txt_is_read_as_the_rfc_and_googles_parser_read_it(case: Case) -> None:
    assert case.yes or case.no
    assert [url for url in case.yes.split() if not allows(case.robots, url, case.agent)] == []
    assert [url for url in case.no.split() if allows(case.robots, url, case.agent)] == []


# (what protego alone does, robots.txt, who asks, what for, what the RFC and Google say)
MENDED = [
    ("takes the beginning of our name for it", group("disallow: /", agent="Foo"), "FooBot", "/x", True),
    ("does not know our name with a version", group("disallow: /", agent="FooBot/2.1"), "FooBot", "/x", False),
    ("does not know our name with another word", group("disallow: /", agent="Foo Bar"), "Foo", "/x", False),
    ("reads a star and a name as the name", group("disallow: /", agent="*FooBot"), "FooBot", "/x", True),
    ("reads a star and words as words", group("disallow: /", agent="* all"), "FooBot", "/x", False),
    ("ends lines at characters of paths", group("disallow: /a\u2028disallow: /x"), "FooBot", "/x", True),
]


@pytest.mark.parametrize(("protego", "robots", "agent", "url", "allowed"), MENDED)
def test_what_is_mended_in_protego_still_needs_mending(
    protego: str, robots: str, agent: str, url: str, allowed: bool
) -> None:
    assert allows(robots, url, agent) is allowed
    assert Protego.parse(robots).can_fetch(SITE + url, agent) is not allowed, f"protego no longer {protego}"


# (what Google's parser does, why we do otherwise, robots.txt, what for, Google's answer)
OTHERWISE = [
    (
        "compares escaped letters as they are written",
        "RFC 9309, 2.2.2 has them unescaped first: %62%61%7A is baz",
        group("disallow: /", "allow: /foo/bar/%62%61%7A"),
        "/foo/bar/baz",
        False,
    ),
    (
        "leaves addresses as they are given, so that ツ is not its own escape",
        "Scrapy escapes every address before; a reader that does it too is no stricter",
        group("disallow: /", "allow: /foo/bar/ツ"),
        "/foo/bar/ツ",
        False,
    ),
    (
        "counts the octets of a rule as they are written to tell the longest",
        "protego counts a question mark as three; only rules of nearly equal length are told otherwise",
        group("disallow: /search?q", "allow: /search*q="),
        "/search?q=1",
        True,
    ),
    (
        "takes a name that only begins with disallow for it",
        "the RFC knows no such line; nobody has been seen to write it",
        group("disallowed: /"),
        "/x",
        False,
    ),
    (
        "lets a line with a sitemap end the names of a group",
        "RFC 9309, 2.2.4: other lines must not interfere with groups",
        "user-agent: FooBot\nsitemap: /s\nuser-agent: b\ndisallow: /\n",
        "/x",
        True,
    ),
    (
        "drops lines of three words without a colon",
        "protego reads the rest of the line as the path; one more path that begins so is forbidden",
        group("disallow /a b"),
        "/a%20b",
        True,
    ),
    (
        "cuts lines at 16,664 octets",
        "there is no need to: the whole file is limited",
        group("disallow: /x/" + "a" * 17_000 + "/qux"),
        "/x/" + "a" * 17_000 + "/fux",
        False,
    ),
]


@pytest.mark.parametrize(("google", "why", "robots", "url", "theirs"), OTHERWISE)
def test_where_ours_is_known_to_differ_from_googles(google: str, why: str, robots: str, url: str, theirs: bool) -> None:
    assert allows(robots, url) is not theirs, f"Google {google}; {why}"


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xef\xbb", b"\xef"])
def test_a_byte_order_mark_is_passed_over_also_when_it_is_not_whole(mark: bytes) -> None:
    assert not allows(mark + group("disallow: /").encode(), "/x")


@pytest.mark.parametrize(
    "robots", [b"\xef\x11\xbf" + group("disallow: /").encode(), b"User-Agent: FooBot\n\xef\xbb\xbfDisallow: /\n"]
)
def test_a_mark_that_is_none_spoils_its_line_and_no_other(robots: bytes) -> None:
    assert allows(robots, "/x")
    assert not allows(robots + b"\n" + group("disallow: /").encode(), "/x")


def test_half_a_megabyte_is_read_and_no_half_lines() -> None:
    filling = "# filling\n" * (MOST_READ // 10)
    assert not allows(group("disallow: /early") + filling, "/early")
    assert allows(group() + filling + "disallow: /late\n", "/late")
    # The limit cuts this rule after its first slash: so much of it would forbid everything.
    start = group()
    cut = start + "#" * (MOST_READ - len(start) - len("\ndisallow: /")) + "\ndisallow: /private\n"
    assert cut[:MOST_READ].endswith("\ndisallow: /")
    assert allows(cut, "/public")


@pytest.mark.parametrize(
    ("robots", "seconds"),
    [
        (group("crawl-delay: 5"), 5),
        (group("crawl-delay: 0.5", "disallow: /x"), 0.5),
        (group("crawl-delay: 5", agent="*"), 5),
        ("user-agent: *\ncrawl-delay: 5\nuser-agent: FooBot\ndisallow: /x\n", None),
        ("user-agent: FooBot\ncrawl-delay: 9\n\nuser-agent: *\ndisallow: /\n", 9),
        (group("crawl-delay: soon"), None),
        (group("crawl-delay: -1"), None),
        (group("crawl-delay: nan"), None),
        (group("crawl-delay: inf"), None),
        ("", None),
    ],
)
def test_the_crawl_delay_of_the_group_is_told(robots: str, seconds: float | None) -> None:
    assert read_rules(robots.encode(), "FooBot").delay == seconds


@given(st.binary(max_size=400), st.text(max_size=60))
def test_whatever_stands_in_it_it_can_be_read(body: bytes, path: str) -> None:
    rules = read_rules(body, "FooBot")
    assert rules.allows(SITE + "/" + path) in (True, False)
    assert rules.delay is None or rules.delay >= 0


@given(
    st.lists(st.sampled_from(["user-agent: *", "user-agent: FooBot", "user-agent: Foo", "disallow: /", "allow: /a"]))
)
def test_what_is_said_to_others_is_not_said_to_us(lines: list[str]) -> None:
    """A group for somebody else, added at the end, changes nothing for us."""
    robots = "\n".join(lines)
    closed = robots + "\nallow: /never\n"
    more = closed + "user-agent: FooBotNot\nuser-agent: Foo\ndisallow: /\n"
    assert [allows(more, path) for path in ("/", "/a")] == [allows(closed, path) for path in ("/", "/a")]
