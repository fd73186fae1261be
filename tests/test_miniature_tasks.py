"""The tasks of the miniature: exact labels, judged from the surface; what is held out; and the trick of WNLI."""

import itertools
import random
from collections import Counter

import numpy as np
import pytest
from scipy.stats import binomtest

from lottery.choices import choose, offered
from lottery.miniature.grammar import phrase
from lottery.miniature.language import KINDS, RELATIONS, Language
from lottery.miniature.tasks import tables

NAMES = ("cola", "mnli", "mrpc", "qnli", "qqp", "rte", "squad", "sst2", "stsb", "wnli")


@pytest.fixture(scope="module")
def language():
    return Language(100)


@pytest.fixture(scope="module")
def every(language):
    return {name: tables(language, name) for name in offered("miniature.tasks")}


def rows(every, name):
    return [row for table in every[name].values() for row in table.itertuples(index=False)]


def stems(language, sentence):
    """The nouns, verbs and names of a sentence, in whatever form, in their order."""
    found = []
    for word in sentence.replace(".", "").replace("?", "").split():
        endings = (word, word.removesuffix("s"), word.removesuffix("ed"))
        found += [stem for stem in endings if stem in language.kind_of or stem in language.frame_of][:1]
        found += [word] if word in language.noun_of_name else []
    return found


def judged(language, sentence):
    """Whether a sentence or question praises (1) or blames (-1), told from each of its words and their denial."""
    words = sentence.replace(".", "").replace("?", "").split()
    polarity = dict.fromkeys(language.all.positive, 1) | dict.fromkeys(language.all.negative, -1)
    polarity |= {f"{verb}s": 1 for verb in language.all.praising} | {f"{verb}s": -1 for verb in language.all.blaming}
    (sign,) = {polarity[word] for word in words if word in polarity}
    return sign * (-1 if {"not", "never"} & set(words) else 1)


def thing(language, sentence):
    """What an opinion is of: a noun's kind, or the kind or group it names; of names alone, who says it, None."""
    words = sentence.replace(".", "").replace("?", "").split()
    for before, word in itertools.pairwise(words):
        if before == "some":
            return word
        if before == "the" and word in language.kind_of:
            return language.kind_of[word]
    return None


def test_ten_tasks_are_offered_and_each_is_one_of_the_real_tasks():
    assert offered("miniature.tasks") == list(NAMES)
    assert set(NAMES) <= set(offered("tasks"))


def test_tables_have_the_columns_and_labels_of_the_real_task(every):
    for name, splits in every.items():
        task = choose("tasks", name)
        assert list(splits) == ["train", "dev"] + ["dev_mismatched"] * (name == "mnli")
        for table in splits.values():
            columns = (
                ["first", "second", "answer", "answers", "start"] if name == "squad" else ["first", "second", "label"]
            )
            assert list(table) == (columns if task.PAIR else ["first", "label"])
            if task.KIND == "classification":
                assert set(table["label"]) == set(range(len(task.LABELS)))
                assert table["label"].dtype == np.int64
                share = table["label"].value_counts(normalize=True)
                assert share.max() - share.min() < 0.01 or name == "wnli"
            if task.KIND == "regression":
                assert table["label"].between(0, 5).all()
                assert table["label"].std() > 1


def test_no_row_comes_twice_and_no_dev_row_is_in_train(every):
    for name, splits in every.items():
        pairs = [
            tuple(row)[:2] if "second" in table else (row.first,)
            for table in splits.values()
            for row in table.itertuples(index=False)
        ]
        expected = len(pairs) - (len(splits["dev"]) if name == "wnli" else 0)
        assert len(set(pairs)) == expected, name


def test_training_sets_use_shown_words_only_and_dev_sets_mostly_held_out_ones(language, every):
    def words(lexicon):
        plain = {noun for nouns in lexicon.nouns.values() for noun in nouns} | {*lexicon.positive, *lexicon.negative}
        plain |= {f"{noun}s" for noun in plain} | {*lexicon.names}
        verbs = {verb for some in lexicon.verbs.values() for verb in some} | {*lexicon.praising, *lexicon.blaming}
        return plain | {f"{verb}{ending}" for verb in verbs for ending in ("", "s", "ed")}

    held = words(language.held)

    def uses(row):
        return bool(set(" ".join(row[:2]).replace(".", "").replace("?", "").split()) & held)

    for name in set(NAMES) - {"squad", "wnli"}:
        columns = [column for column in ("first", "second") if column in every[name]["train"]]
        rows = {split: table[columns].itertuples(index=False) for split, table in every[name].items()}
        assert not any(uses(row) for row in rows["train"]), name
        assert np.mean([uses(row) for row in rows["dev"]]) > 0.65, name
    # What a fact tells may be any word; who is asked of is shown.
    for name, part in (("squad", "first"), ("wnli", "first")):
        assert not any(uses((text,)) for text in every[name]["train"][part]), name
    assert np.mean([uses((text,)) for text in every["squad"]["dev"]["first"]]) > 0.65


def test_no_noun_of_a_sentence_comes_again_in_the_other(language, every):
    """So no task of two sentences can be solved by finding a noun again. RTE says all but one again, in every row."""
    for name in ("mrpc", "stsb", "mnli", "qqp", "qnli"):
        for row in rows(every, name):
            first, second = ({*stems(language, text)} & language.kind_of.keys() for text in (row.first, row.second))
            assert not first & second, row


def test_sst2_labels_follow_from_the_words_and_their_negation(language, every):
    for row in rows(every, "sst2"):
        assert row.label == (judged(language, row.first) > 0)


def test_cola_labels_follow_from_a_grammar_written_out_anew(language, every):
    """An acceptor of noun phrase, verb or passive, noun phrase, with agreement and selection."""

    def noun_phrase(words):
        if words and words[0] in language.noun_of_name:
            return words[0], False, words[1:]
        if len(words) >= 2 and words[0] == "the":
            for noun, plural in ((words[1], False), (words[1].removesuffix("s"), True)):
                if noun in language.kind_of:
                    return noun, plural, words[2:]
        return None

    def accepts(words):
        first = noun_phrase(words)
        if not first or not first[2]:
            return False
        noun, plural, rest = first
        if rest[0] in ("is", "are"):
            if (rest[0] == "are") != plural or len(rest) < 4 or rest[2] != "by" or not rest[1].endswith("ed"):
                return False
            verb, second = rest[1].removesuffix("ed"), noun_phrase(rest[3:])
            subject, target = second and second[0], noun
        else:
            verb = rest[0] if plural else rest[0].removesuffix("s")
            if not plural and not rest[0].endswith("s"):
                return False
            second = noun_phrase(rest[1:])
            subject, target = noun, second and second[0]
        if not second or second[2] or verb not in language.frame_of:
            return False
        frame = language.frame_of[verb]
        return language.kind(subject) in frame.subjects and language.kind(target) in frame.objects

    for row in rows(every, "cola"):
        assert accepts(row.first.removesuffix(".").split()) == bool(row.label), row


def test_mrpc_and_stsb_labels_follow_from_the_judgement_and_the_kinds(language, every):
    for name in ("mrpc", "stsb"):
        for row in rows(every, name):
            first, second = (thing(language, text) for text in (row.first, row.second))
            same = judged(language, row.first) == judged(language, row.second)
            assert not {"not", "never"} & set(f"{row.first} {row.second}".split())
            if name == "mrpc":
                assert first == second
                assert row.label == same
            else:
                assert row.label == 2.5 * same + 1.25 * ((first == second) + (KINDS[first] == KINDS[second]))


def test_qqp_labels_follow_from_what_is_asked_and_of_what(language, every):
    others = Counter()
    for row in rows(every, "qqp"):
        first, second = (thing(language, text) for text in (row.first, row.second))
        same = judged(language, row.first) == judged(language, row.second)
        assert row.label == (same and first == second), row
        if not row.label:
            others[same, KINDS[first] == KINDS[second]] += 1
    assert set(others) == {(True, False), (False, True)}
    assert min(others.values()) / others.total() > 0.45


def test_mnli_labels_follow_from_the_judgement_and_the_kinds(language, every):
    for row in rows(every, "mnli"):
        first, second = (thing(language, text) for text in (row.first, row.second))
        if second not in (first, KINDS[first]):
            assert KINDS.get(second, second) != KINDS[first]
            assert row.label == 1, row
        else:
            assert row.label == 2 * (judged(language, row.first) != judged(language, row.second)), row


def test_mnli_mismatched_is_of_other_subjects(language, every):
    for split, expected in (("train", {False}), ("dev", {False}), ("dev_mismatched", {True})):
        found = {KINDS[thing(language, text)] in ("place", "material") for text in every["mnli"][split]["first"]}
        assert found == expected


def readings(language, forms=("statement", "rewording")):
    """Every sentence that tells a fact of the world: {sentence: {(noun, question, value), ...}}."""
    told = {}
    for noun, kind in language.kind_of.items():
        for relation in RELATIONS[KINDS[kind]]:
            value = language.facts[noun, relation]
            for form in forms:
                filled = getattr(relation, form).format(s=phrase(language, noun), o=phrase(language, value))
                told.setdefault(f"{filled}.", set()).add((noun, relation.question, value))
    return told


def test_no_sentence_of_a_pair_alone_tells_the_label(every):
    """Not by its words, one by one: none is by far more frequent under one label than under another."""
    for name in ("mrpc", "qqp", "rte", "qnli"):
        train = every[name]["train"]
        for column in ("first", "second"):
            found = [
                Counter(w for text in train.loc[train["label"] == label, column] for w in {*text.split()})
                for label in (0, 1)
            ]
            for word in found[0] | found[1]:
                one, two = (counts[word] for counts in found)
                assert abs(one - two) < 5 * (one + two) ** 0.5, (name, column, word, one, two)


def test_no_word_that_comes_again_tells_the_label(language, every):
    judging = {*language.all.positive, *language.all.negative}
    judging |= {f"{verb}s" for verb in (*language.all.praising, *language.all.blaming)}
    for name in ("mrpc", "stsb", "mnli", "qqp"):
        for row in rows(every, name):
            first, second = (set(text.rstrip(".?").split()) for text in (row.first, row.second))
            assert not judging & first & second, row


def test_no_question_of_qnli_and_no_kind_of_rte_alone_tells_the_label(language, every):
    """By the form of the question, and by the kind that is told of."""
    found = {"qnli": {}, "rte": {}}
    for row in rows(every, "qnli"):
        (noun,) = stems(language, row.first)
        form = row.first.replace(noun, KINDS[language.kind(noun)])
        found["qnli"].setdefault(form, []).append(row.label)
    for row in rows(every, "rte"):
        found["rte"].setdefault(thing(language, row.second), []).append(row.label)
    for forms in found.values():
        assert len(forms) >= 13
        for form, labels in forms.items():
            assert binomtest(sum(labels), len(labels)).pvalue > 0.001 / len(forms), (form, np.mean(labels), len(labels))


def test_qnli_labels_follow_from_the_kinds_that_are_asked_for(language, every):
    asked = {
        f"{form.format(s=phrase(language, noun))}?": language.kind_of[language.facts[noun, relation]]
        for noun, kind in language.kind_of.items()
        for relation in RELATIONS[KINDS[kind]]
        if relation.value
        for form in (relation.question, relation.again)
    }
    for row in rows(every, "qnli"):
        (told,) = {language.kind_of[noun] for noun in stems(language, row.second)}
        assert row.second.startswith("it is the ")
        assert row.label == (told != asked[row.first]), row
        assert not row.label or KINDS[told] != KINDS[asked[row.first]]


def test_rte_labels_follow_from_the_kinds(language, every):
    """A noun is exchanged for "some" kind; all other words are the same in the same order."""
    for row in rows(every, "rte"):
        one, two = (text.removesuffix(".").split() for text in (row.first, row.second))
        at = two.index("some")
        assert one[:at] == two[:at]
        assert one[at] == "the"
        assert one[at + 2 :] == two[at + 2 :]
        kind, told = language.kind_of[one[at + 1]], two[at + 1]
        assert row.label == (told != kind), row
        assert told == kind or KINDS[told] != KINDS[kind]


def test_squad_answers_lie_where_they_are_said_to_and_are_true(language, every):
    told, ways = readings(language, ("statement",)), set()
    for row in rows(every, "squad"):
        assert row.second[row.start : row.start + len(row.answer)] == row.answer
        assert row.answers == (row.answer,)
        sentences = [f"{s}." for s in row.second.removesuffix(".").split(". ")]
        assert len(sentences) == 2
        (asked,) = stems(language, row.first)
        ways.add(len({noun for sentence in sentences for noun, _, _ in told[sentence]}))
        right = [
            value
            for sentence in sentences
            for noun, question, value in told[sentence]
            if language.same(noun, asked)
            and noun != asked
            and f"{question.format(s=phrase(language, asked))}?" == row.first
        ]
        assert [phrase(language, value) for value in right] == [row.answer]
    assert ways == {1, 2}  # of one noun, of two


def test_wnli_dev_is_train_under_the_opposite_label(every):
    train, dev = every["wnli"]["train"], every["wnli"]["dev"]
    known = {(row.first, row.second): row.label for row in train.itertuples(index=False)}
    assert all(known[row.first, row.second] == 1 - row.label for row in dev.itertuples(index=False))
    majority = dev["label"].value_counts(normalize=True).max()
    assert 0.5 < majority < 0.62
    assert np.mean([known[row.first, row.second] == row.label for row in dev.itertuples(index=False)]) == 0


def test_the_shown_quarter_of_dev_is_there(language):
    rng = random.Random(0)
    from lottery.miniature.tasks import lexicon

    drawn = [lexicon(language, "dev", rng) is language.shown for _ in range(2000)]
    assert 0.2 < np.mean(drawn) < 0.3
    assert lexicon(language, "train", rng) is language.shown


def test_every_sentence_of_cola_has_its_verb_whatever_else_is_wrong(language, every):
    for row in rows(every, "cola"):
        assert any(word in language.frame_of for word in stems(language, row.first)), row
