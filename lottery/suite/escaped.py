"""Names that come from a user, shown as they are: a file may be called what figures or Markdown read as markup."""

import re

MARKDOWN = re.compile(r"([\\`*_\[\](){}<>|~$&#!])")


def in_figure(name: str) -> str:
    """For matplotlib, which reads what stands between two dollar signs as a formula."""
    return name.replace("$", r"\$")


def in_markdown(name: str) -> str:
    """For a line of Markdown, in a table, too: every sign that it, MyST or MathJax would read is escaped."""
    return MARKDOWN.sub(r"\\\1", " ".join(name.split()))


def in_terminal(name: str) -> str:
    """For rich, which reads words in brackets as styles."""
    from rich.markup import escape

    return escape(name)
