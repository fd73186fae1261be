"""What is made of a language, in short; without torch, which another process would take seconds to import."""

from hashlib import sha256

from lottery.miniature.language import Language
from lottery.miniature.tasks import tables
from lottery.miniature.text import documents
from lottery.miniature.tokenizer import byte_level, vocabulary


def told(language: Language) -> str:
    """The sha256 of all of it."""
    table = tables(language, "mnli")["dev"].to_csv()
    made = (documents(language, 50, 1), vocabulary(language), byte_level(language).backend_tokenizer.to_str(), table)
    return sha256(repr(made).encode()).hexdigest()
