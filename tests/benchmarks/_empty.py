"""A run without work, in a file of its own: workers import it, as they do the package's, and cannot import a script."""

from typing import ClassVar

from lottery.store import Count, parameters


@parameters
class Empty:
    """Nothing but its place in the store."""

    version: ClassVar[int] = 1
    number: Count

    def perform(self, run):
        return {}
