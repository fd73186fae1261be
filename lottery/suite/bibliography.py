"""The book's list of references, with the names by which the text cites them: "Gordon et al., 2020".

Sphinx loads this as an extension (`book/_config.yml`), in which the style is then called "author_year".
"""

from collections.abc import Iterable, Iterator
from typing import Any

from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style
from pybtex.style.labels import BaseLabelStyle


class Label(BaseLabelStyle):
    """Who wrote it, one or two by name and more as the first "et al.", and the year where there is one."""

    def format_labels(self, entries: Iterable[Any]) -> Iterator[str]:
        """The label of each entry of the list."""
        for entry in entries:
            names = [
                " ".join([*author.prelast_names, *author.last_names]).strip("{}") for author in entry.persons["author"]
            ]
            who = " and ".join(names) if len(names) < 3 else f"{names[0]} et al."
            yield ", ".join(part for part in (who, entry.fields.get("year")) if part)


class AuthorYear(Style):
    """By author, then by year."""

    default_label_style = Label


def setup(app: Any) -> dict[str, bool]:
    """Sphinx's entrance to an extension."""
    register_plugin("pybtex.style.formatting", "author_year", AuthorYear)
    return {"parallel_read_safe": True}
