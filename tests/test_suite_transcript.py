"""Transcripts: the commands' own words, as a terminal in that folder shows them."""

from lottery.suite.transcript import transcript


def test_commands_are_shown_with_what_they_print(mood_folder, lottery, monkeypatch):
    words = [["inspect", "model"], ["vocabulary", "model", "own.csv", "--text-column", "text", "-o", "words"]]
    inspected, trimmed = transcript(words, mood_folder)
    monkeypatch.chdir(mood_folder)
    code, alone, error = lottery("inspect", "model")
    assert (code, error) == (0, "")
    expected = [line for line in alone.splitlines() if not line.startswith("time")]
    lines = inspected.splitlines()
    assert (lines[0], lines[1], lines[-1]) == ("```text", "$ lottery inspect model", "```")
    assert [line for line in lines[2:-1] if not line.startswith("time")] == expected
    assert trimmed.startswith("```text\n$ lottery vocabulary model own.csv --text-column text -o words\nwords: ")
    assert str(mood_folder) not in trimmed
    assert (mood_folder / "words/config.json").is_file()


def test_what_is_refused_is_shown_and_ends_it(mood_folder):
    (refused,) = transcript([["inspect", "gone/by/far"], ["inspect", "model"]], mood_folder)
    assert refused.startswith("```text\n$ lottery inspect gone/by/far\nlottery: there is no folder 'gone/by/far'")
