"""Where a page may lead after logging in: to a path of our own, nowhere else."""


def own_path(text: str | None) -> str:
    """The path, if browsers take it for one on this host; the first page otherwise.

    Browsers read a backslash as a slash and leave out tabs and line ends: either can make a path another host.
    """
    if not text or not text.startswith("/") or text.startswith("//"):
        return "/"
    odd = "\\" in text or any(not one.isprintable() or one.isspace() for one in text)
    return "/" if odd else text
