"""Names that come from a user, shown as they are: a file may be called what figures or Markdown read as markup."""

import re

MARKDOWN = re.compile(r"([\\`*_\[\](){}<>|~$&#!%])")
BEGINNING = re.compile(r"^(\d*)([-+=:.])")  # of a line, where it makes a list, a heading or a block


def in_figure(name: str) -> str:
    """For matplotlib, which reads what stands between two dollar signs as a formula."""
    return name.replace("$", r"\$")


def in_markdown(name: str) -> str:
    """For Markdown, anywhere in a line or in a table: every sign that it, MyST or MathJax would read is escaped."""
    return BEGINNING.sub(r"\1\\\2", MARKDOWN.sub(r"\\\1", " ".join(name.split())))


def in_terminal(name: str) -> str:
    """For rich, which reads words in brackets as styles."""
    from rich.markup import escape

    return escape(name)
