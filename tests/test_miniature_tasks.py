"""The tasks of the miniature: exact labels, judged from the surface; what is held out; and the trick of WNLI."""

import random
from collections import Counter

import numpy as np
import pytest

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


def content(language, sentence):
    """The meanings a sentence speaks of, whatever form and synonym it uses: a Counter of canonical stems."""
    found = Counter()
    for word in sentence.replace(".", "").replace("?", "").split():
        for ending in ("", "s", "ed"):
            stem = word.removesuffix(ending)
            if stem in language.kind_of or stem in language.frame_of or stem in language.noun_of_name:
                found[min(stem, language.synonym_of.get(stem, stem))] += 1
                break
    return found


def negated(sentence):
    return " not " in sentence


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
    held = {noun for nouns in language.held.nouns.values() for noun in nouns}
    held_verbs = {verb for verbs in language.held.verbs.values() for verb in verbs}
    held_polar = {word for part in ("positive", "negative") for word in getattr(language.held, part)}
    held_polar |= {f"{word}s" for part in ("praising", "blaming") for word in getattr(language.held, part)}

    def uses(sentence, words, endings=("",)):
        found = sentence.replace(".", "").replace("?", "").split()
        return any(word.removesuffix(ending) in words for word in found for ending in endings)

    for name in ("cola", "mrpc", "stsb", "mnli", "wnli"):
        assert not any(uses(s, held | held_verbs, ("", "s", "ed")) for s in every[name]["train"]["first"])
    for name in ("cola", "mrpc", "stsb", "mnli"):
        assert np.mean([uses(s, held_verbs, ("", "s", "ed")) for s in every[name]["dev"]["first"]]) > 0.65
    assert not any(uses(s, held_polar) for s in every["sst2"]["train"]["first"])
    assert np.mean([uses(s, held_polar) for s in every["sst2"]["dev"]["first"]]) > 0.65
    for name in ("qnli", "qqp", "squad", "rte"):
        assert not any(uses(s, held, ("", "s")) for s in every[name]["train"]["first"]), name
        assert np.mean([uses(s, held, ("", "s")) for s in every[name]["dev"]["first"]]) > 0.5, name


def test_sst2_labels_follow_from_the_words_and_their_negation(language, every):
    polarity = dict.fromkeys(language.all.positive, 1) | dict.fromkeys(language.all.negative, -1)
    polarity |= {f"{verb}s": 1 for verb in language.all.praising} | {f"{verb}s": -1 for verb in language.all.blaming}
    for row in rows(every, "sst2"):
        words = row.first.removesuffix(".").split()
        signs = {polarity[word] for word in words if word in polarity}
        assert len(signs) == 1
        turned = -1 if {"not", "never"} & set(words) else 1
        assert row.label == (signs.pop() * turned > 0)


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


def by_role(language, sentence):
    """The meanings of subject, verb and object, in this order whichever voice tells them."""
    told = list(content(language, sentence).elements())
    return told[::-1] if " by " in sentence else told


def test_mrpc_and_stsb_labels_follow_from_shared_meanings(language, every):
    for row in rows(every, "mrpc"):
        same = content(language, row.first) == content(language, row.second)
        assert row.label == (same and negated(row.first) == negated(row.second))
    for row in rows(every, "stsb"):
        roles = zip(by_role(language, row.first), by_role(language, row.second), strict=True)
        shared = sum(one == other for one, other in roles)
        assert (row.label > 4.99) == (shared == 3)
        assert 5 * shared / 3 - 0.01 <= row.label <= 5 * (shared + (3 - shared) / 2) / 3 + 0.01


def test_qqp_labels_follow_from_shared_meanings_and_the_question_asked(language, every):
    relations = [relation for group in RELATIONS.values() for relation in group]

    def asked(sentence):
        """The relations it may ask for (nouns of different kinds share words), or how it asks for a deed."""
        plain = sentence.removesuffix("?")
        found = set()
        for relation in relations:
            for form in (relation.question, relation.again):
                head, _, tail = form.partition("{s}")
                if plain.startswith(f"{head}the ") and plain.endswith(tail):
                    found.add(relation)
        return found or {plain.split()[0]}

    for row in rows(every, "qqp"):
        same = content(language, row.first) == content(language, row.second)
        assert row.label == (same and bool(asked(row.first) & asked(row.second))), row


def test_mnli_labels_follow_from_meanings_kinds_and_negation(language, every):
    def parts(sentence):
        words = sentence.removesuffix(".").split()
        passive = "by" in words
        nouns, verb, place = [], None, None
        for number, (before, word) in enumerate(zip(["", *words], words, strict=False)):
            stems = {word, word.removesuffix("s"), word.removesuffix("ed")}
            noun = next((s for s in sorted(stems) if s in language.kind_of or s in language.noun_of_name), None)
            general = next((s for s in sorted(stems) if s in KINDS or s in KINDS.values()), None)
            if next((s for s in stems if s in language.frame_of), None):
                verb = next(s for s in stems if s in language.frame_of)
            elif noun or (general and before == "some"):
                if "in" in words[:number]:
                    place = noun
                else:
                    nouns.append(noun or general)
        return (*(nouns[::-1] if passive else nouns), verb, place, "not" in words)

    def covers(wide, narrow):
        if wide in KINDS or wide in KINDS.values():
            kind = language.kind(narrow)
            return wide in (kind, KINDS[kind])
        return language.same(wide, narrow)

    for row in rows(every, "mnli"):
        subject, target, verb, place, denied = parts(row.first)
        subject2, target2, verb2, place2, denied2 = parts(row.second)
        about_it = covers(subject2, subject) and covers(target2, target) and language.same(verb, verb2)
        if not about_it:
            label = 1
        elif denied != denied2:
            label = 2
            assert place == place2
            assert subject2 not in KINDS
        else:
            label = 0
            assert place2 == place or (place2 is None and not denied)
        assert row.label == label, row


def test_mnli_mismatched_is_of_other_subjects(language, every):
    def creatures(table):
        kinds = [
            Counter(KINDS[language.kind(word)] for word in content(language, s) if word not in language.frame_of)
            for s in table["first"]
        ]
        return np.mean(["creature" in found for found in kinds])

    assert creatures(every["mnli"]["dev"]) == 1
    assert creatures(every["mnli"]["dev_mismatched"]) < 0.6


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


def test_qnli_labels_follow_from_the_facts(language, every):
    told = readings(language)
    asked = {
        f"{relation.question.format(s=phrase(language, noun))}?": (noun, relation.question)
        for noun, kind in language.kind_of.items()
        for relation in RELATIONS[KINDS[kind]]
    }
    for row in rows(every, "qnli"):
        noun, question = asked[row.first]
        answers = any(language.same(noun, of) and question == q for of, q, _ in told[row.second])
        assert row.label == (not answers), row


def test_rte_labels_follow_from_the_kinds_and_the_facts(language, every):
    for row in rows(every, "rte"):
        name, noun = row.first.removesuffix(".").split(" is a ")
        true = {f"{name} is a kind of {language.kind_of[noun]}."} | {
            f"{relation.statement.format(s=name, o=phrase(language, language.facts[noun, relation]))}."
            for relation in RELATIONS["creature"]
        }
        assert row.label == (row.second not in true)


def test_squad_answers_lie_where_they_are_said_to_and_are_true(language, every):
    told = readings(language, ("statement",))
    for row in rows(every, "squad"):
        assert row.second[row.start : row.start + len(row.answer)] == row.answer
        assert row.answers == (row.answer,)
        sentences = [f"{s}." for s in row.second.removesuffix(".").split(". ")]
        assert len(sentences) == 2
        right = [
            value
            for sentence in sentences
            for noun, question, value in told[sentence]
            if any(
                f"{question.format(s=phrase(language, of))}?" == row.first
                for of in (noun, language.synonym_of.get(noun, noun))
            )
        ]
        assert [phrase(language, value) for value in right] == [row.answer]


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
        assert any(word in language.frame_of for word in content(language, row.first)), row


def test_a_name_is_only_said_to_be_of_its_own_kind(language, every):
    for row in rows(every, "rte"):
        name, noun = row.first.removesuffix(".").split(" is a ")
        assert language.kind(name) == language.kind(noun), row
