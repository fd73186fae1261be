"""The made-up language, its text, its tokenizer and its counting models."""

import itertools
import os
import random
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from math import log
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import chi2_contingency
from toy_language import told
from transformers import AutoTokenizer, BertForPreTraining, RobertaForMaskedLM

from lottery.miniature import ngram
from lottery.miniature.grammar import (
    Clause,
    active,
    alike,
    another_noun,
    changed,
    draw_clause,
    generalised,
    of_two_groups,
    other_kinds,
    passive,
    unlike,
)
from lottery.miniature.language import GROUPS, KINDS, RELATIONS, Language
from lottery.miniature.model import config, roberta_config
from lottery.miniature.tasks import tables
from lottery.miniature.text import documents
from lottery.miniature.tokenizer import byte_level, tokenizer
from lottery.miniature.words import FUNCTION_WORDS


@pytest.fixture(scope="module")
def language():
    return Language(100)


@pytest.fixture(scope="module")
def text(language):
    return documents(language, 1500, 7)


def words_of(sentence):
    return sentence.replace(".", "").replace("?", "").split()


def forms(language):
    """Every form of every word, gathered from the world and not from the text: {form: what it is}."""
    known = dict.fromkeys([*FUNCTION_WORDS, *language.colours, *language.noun_of_name, *KINDS, *GROUPS], "base")
    for noun in [*language.kind_of, *KINDS, *GROUPS]:
        known |= {noun: "singular", f"{noun}s": "plural"}
    opinions = (*language.all.praising, *language.all.blaming)
    for verb in (*language.frame_of, *opinions):
        known |= {verb: "base verb", f"{verb}s": "verb in s", f"{verb}ed": "participle"}
    return known | dict.fromkeys([*language.all.positive, *language.all.negative], "adjective")


def test_the_same_seed_gives_the_same_language_and_text_in_another_process():
    """In which Python hashes texts otherwise."""
    program = "import toy_language; print(toy_language.told(toy_language.Language(3)))"
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    other = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=other)
    assert done.stdout.strip() == told(Language(3))
    assert documents(Language(3), 50, 1) == documents(Language(3), 50, 1)
    assert documents(Language(3), 50, 1) != documents(Language(3), 50, 2)
    assert documents(Language(3), 50, 1) != documents(Language(4), 50, 1)


def test_the_language_is_the_one_that_recorded_runs_were_made_in():
    """No key tells of it: whoever alters a draw has to raise the version of every experiment on the miniature."""
    one = Language(0)
    facts = [(word, relation.statement, value) for (word, relation), value in one.facts.items()]
    parts = one.all, one.shown, one.held, sorted(one.kind_of.items()), facts
    whole = repr((*parts, sorted(one.noun_of_name.items()), one.colours))
    assert sha256(whole.encode()).hexdigest()[:16] == "30ba51b3db680b88"


def test_a_language_too_poor_to_speak_is_refused():
    with pytest.raises(ValueError, match="3 verb frames do not take every kind of noun"):
        Language(0, frames=3)
    with pytest.raises(ValueError, match="40 nouns, 35% of them shown, leave a kind with fewer than two"):
        Language(0, nouns=40)


@pytest.mark.parametrize("nouns", [98, 390])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_poorer_and_a_richer_language_speak_as_well(seed, nouns):
    """Fewer and more nouns than usual. In the poorer one SQuAD finds too few rows, and says so."""
    language = Language(seed, nouns=nouns)
    assert len(language.kind_of) == nouns
    reader = tokenizer(language)
    text = [sentence for each in documents(language, 60, 1) for sentence in each]
    assert not any(reader.unk_token_id in ids for ids in reader(text)["input_ids"])
    held = {noun for nouns in language.held.nouns.values() for noun in nouns}
    if nouns == 98:
        with pytest.raises(ValueError, match="squad: only"):
            tables(language, "squad")
    for name in ("sst2", "cola", "mnli"):
        rows = tables(language, name)["train"]
        words = {word.removesuffix("s") for text in rows["first"] for word in words_of(text)}
        assert words & set(language.kind_of)
        assert not words & held


def test_no_two_words_of_the_language_share_a_form(language):
    stems = [
        *FUNCTION_WORDS,
        *language.colours,
        *language.noun_of_name,
        *language.kind_of,
        *language.frame_of,
        *language.all.praising,
        *language.all.blaming,
        *language.all.positive,
        *language.all.negative,
    ]
    assert max(Counter(stems).values()) == 1
    inflected = [f"{word}{ending}" for word in (*language.kind_of, *language.frame_of) for ending in ("s", "ed")]
    assert not set(inflected) & set(stems)


def test_every_word_of_the_text_is_a_form_of_the_language(language, text):
    unknown = {word for document in text for sentence in document for word in words_of(sentence)} - forms(
        language
    ).keys()
    assert not unknown


def test_what_is_true_of_a_noun_is_true_of_its_kind(language):
    """Its facts are of the same kinds, or of one colour; and the words of a kind or frame mean the same."""
    for nouns in language.all.nouns.values():
        for relation in language.relations(nouns[0]):
            values = {language.fact(noun, relation) for noun in nouns}
            assert len({language.kind_of.get(value, value) for value in values}) == 1
            assert len(values) > 1 or not relation.value
    one, two = language.all.nouns["bird"][:2]
    name = next(name for name, noun in language.noun_of_name.items() if language.kind_of[noun] == "bird")
    assert language.same(one, two)
    assert language.same(one, name)
    assert not language.same(one, language.all.nouns["insect"][0])
    first, second = [*language.all.verbs.values()][:2]
    assert language.same(first[0], first[1])
    assert not language.same(first[0], second[0])
    assert not language.same(*language.colours[:2])


def test_every_noun_has_every_fact_of_its_group_and_of_the_right_kind(language):
    for noun, kind in language.kind_of.items():
        for relation in RELATIONS[KINDS[kind]]:
            value = language.fact(noun, relation)
            assert value in language.colours if not relation.value else language.kind_of[value] in relation.value


def test_shown_and_held_out_words_share_nothing_and_make_up_all(language):
    shown, held, everything = language.shown, language.held, language.all
    for part in ("positive", "negative", "praising", "blaming", "names"):
        assert sorted((*getattr(shown, part), *getattr(held, part))) == sorted(getattr(everything, part))
        assert getattr(shown, part)
    for of in ("nouns", "verbs"):
        for key, words in getattr(everything, of).items():
            some, others = getattr(shown, of)[key], getattr(held, of)[key]
            assert sorted((*some, *others)) == sorted(words)
            assert 2 <= len(some) < len(others)


def test_active_and_passive_by_hand():
    language = Language(0)
    noun, other = list(language.kind_of)[:2]
    verb = next(iter(language.frame_of))
    said = Clause(noun, verb, other, plural_subject=True, negated=True)
    assert active(language, said) == f"the {noun}s do not {verb} the {other}"
    assert passive(language, said) == f"the {other} is not {verb}ed by the {noun}s"
    said = Clause(noun, verb, other, plural_object=True)
    assert active(language, said) == f"the {noun} {verb}s the {other}s"
    assert passive(language, said) == f"the {other}s are {verb}ed by the {noun}"


def test_clauses_keep_to_what_their_verb_selects_and_follow_from_one_another(language):
    rng = random.Random(0)
    for _ in range(300):
        clause = draw_clause(language, language.all, rng, GROUPS)
        frame = language.frame_of[clause.verb]
        assert language.kind(clause.subject) in frame.subjects
        assert language.kind(clause.object) in frame.objects
        again = alike(language, language.all, rng, clause)
        for part in ("subject", "verb", "object"):
            assert language.same(getattr(clause, part), getattr(again, part))
            assert getattr(clause, part) != getattr(again, part)
        wider = generalised(language, clause, rng)
        assert wider != clause
        assert wider.verb == clause.verb
        for part in ("subject", "object"):
            kind = language.kind(getattr(clause, part))
            assert getattr(wider, part) in (getattr(clause, part), kind, KINDS[kind])


def test_a_changed_clause_differs_where_it_should_and_still_keeps_to_what_its_verb_selects(language):
    rng = random.Random(9)
    words = language.held
    for _ in range(300):
        clause = draw_clause(language, words, rng, GROUPS, named=0.5)
        for parts in (1, 2):
            other = changed(language, words, rng, clause, parts=parts)
            differing = [
                part for part in ("subject", "object") if not language.same(getattr(clause, part), getattr(other, part))
            ]
            assert len(differing) == parts
            assert other.verb == clause.verb
            frame = language.frame_of[other.verb]
            assert language.kind(other.subject) in frame.subjects
            assert language.kind(other.object) in frame.objects


def kind_or_frame(language, word):
    return language.frame_of.get(word) or language.kind_of[language.noun_of_name.get(word, word)]


def test_other_kinds_are_of_the_group_and_what_is_unlike_differs_in_meaning(language):
    rng = random.Random(10)
    for _ in range(2000):
        noun = language.all.noun(rng, tuple(KINDS))
        kind = language.kind_of[noun]
        assert {kind, *other_kinds(language, noun)} == {other for other in KINDS if KINDS[other] == KINDS[kind]}
        assert kind not in other_kinds(language, noun)
        one, two = (KINDS[language.kind_of[each]] for each in of_two_groups(language, language.all, rng))
        assert one != two
        other = another_noun(language, language.all, rng, noun, (kind,))
        assert other != noun
        assert language.same(noun, other)
        clause = draw_clause(language, language.shown, rng, GROUPS)
        stranger = unlike(language, language.shown, rng, clause)
        parts = [(getattr(clause, part), getattr(stranger, part)) for part in ("subject", "verb", "object")]
        assert not all(kind_or_frame(language, one) == kind_or_frame(language, two) for one, two in parts)


def test_neither_noun_of_two_groups_tells_which_it_is(language):
    rng = random.Random(12)
    drawn = [of_two_groups(language, language.all, rng) for _ in range(20_000)]
    first, second = (Counter(language.kind_of[pair[place]] for pair in drawn) for place in (0, 1))
    table = np.array([[counts[kind] for kind in KINDS] for counts in (first, second)])
    assert chi2_contingency(table).pvalue > 0.01


def test_a_question_asked_again_means_one_relation_of_its_group():
    for group, relations in RELATIONS.items():
        asked = [form for relation in relations for form in (relation.question, relation.again)]
        assert len(set(asked)) == len(asked), group


def test_facts_and_kinds_told_in_the_text_are_the_worlds(language, text):
    """Judged by the surface: "the X lives in the Y.", "the X is a kind of K.", and a kind before a noun, "the K X"."""
    lives, kinds, said = 0, 0, 0
    for document in text:
        for sentence in document:
            words = words_of(sentence)
            for kind, noun in itertools.pairwise(words):
                if kind in KINDS and noun.removesuffix("s") in language.kind_of:
                    assert language.kind_of[noun.removesuffix("s")] == kind
                    said += 1
            bare = [word for word in words if word not in KINDS or "kind" in words]
            if len(bare) == 6 and bare[0] == "the" and bare[2:4] == ["lives", "in"]:
                assert language.same(bare[5], language.facts[bare[1], RELATIONS["creature"][0]])
                lives += 1
            if "kind" in words and words[0] == "the":
                noun, kind = (word for word in words[:3] if word in language.kind_of), words[-1]
                assert (language.kind_of[next(noun)] == kind) == ("not" not in words)
                kinds += 1
    assert min(lives, kinds, said) > 30


def test_documents_stay_with_their_topic(language, text):
    """Neighbouring sentences speak of one kind more often than sentences of different documents."""

    def of(sentence):
        return {
            language.kind_of[stem]
            for word in words_of(sentence)
            if (stem := word.removesuffix("s")) in language.kind_of
        }

    kinds = [[of(sentence) for sentence in document] for document in text]
    near = [bool(one & two) for document in kinds for one, two in itertools.pairwise(document) if one and two]
    far = [bool(one[0] & two[1]) for one, two in itertools.pairwise(kinds) if len(two) > 1 and one[0] and two[1]]
    assert sum(near) / len(near) > 3 * sum(far) / len(far)
    assert min(map(len, text)) >= 2


def test_a_word_tells_how_a_sentence_stands_to_the_one_before(language, text):
    """What comes "likewise" judges alike, what comes with "but" contrary: in one sentence and in the next."""
    signs = dict.fromkeys((*language.all.positive, "good"), 1) | dict.fromkeys((*language.all.negative, "bad"), -1)
    signs |= {f"{verb}s": 1 for verb in language.all.praising} | {f"{verb}s": -1 for verb in language.all.blaming}

    def judged(words):
        found = {signs[word] for word in words if word in signs}
        return found.pop() * (-1 if {"not", "never"} & set(words) else 1) if len(found) == 1 else None

    seen = Counter()
    for document in text:
        for first, second in itertools.pairwise(map(words_of, document)):
            if second[0] in ("likewise", "but") and (then := judged(second)):
                assert (judged(first) == then) == (second[0] == "likewise")
                seen[second[0]] += 1
            if "but" in second[1:]:
                at = second.index("but")
                assert judged(second[:at]) == -judged(second[at:])
                seen["within"] += 1
    assert min(seen[kind] for kind in ("likewise", "but", "within")) > 10


def test_no_word_is_unknown_and_text_survives_the_tokenizer(language, text):
    encoder = tokenizer(language)
    sentences = [sentence for document in text for sentence in document]
    for task in ("cola", "squad", "wnli"):
        sentences += [sentence for table in tables(language, task).values() for sentence in table["first"]]
    ids = encoder(sentences)["input_ids"]
    assert all(encoder.unk_token_id not in row for row in ids)
    for sentence, row in zip(sentences, ids, strict=True):
        decoded = encoder.decode(row, skip_special_tokens=True)
        assert decoded.replace(" ", "") == sentence.replace(" ", "")
    pieces = [encoder.tokenize(name) for name in language.noun_of_name]
    assert all(len(some) > 1 for some in pieces)
    assert len(encoder) == len(encoder.get_vocab()) == max(encoder.get_vocab().values()) + 1


def test_the_tokenizer_and_the_model_are_saved_and_loaded_as_any_other(language, tmp_path):
    encoder = tokenizer(language)
    encoder.save_pretrained(tmp_path)
    shape = config(len(encoder))
    BertForPreTraining(shape).save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    pair = ("some bird lives in the town.", "what does it eat?")
    assert loaded(*pair).data == encoder(*pair).data
    assert loaded(*pair)["token_type_ids"].count(1) == 6
    model = BertForPreTraining.from_pretrained(tmp_path)
    assert model.config.vocab_size == len(loaded)
    assert model.config.num_hidden_layers * model.config.num_attention_heads >= 24


def test_the_byte_pairs_are_robertas_and_text_survives_them(language, text, tmp_path):
    encoder = byte_level(language)
    RobertaForMaskedLM(roberta_config(len(encoder))).save_pretrained(tmp_path)
    encoder.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    pair = ("some bird lives in the town.", "what does it eat?")
    first, second = (encoder(one, add_special_tokens=False)["input_ids"] for one in pair)
    assert loaded(*pair)["input_ids"] == encoder(*pair)["input_ids"] == [0, *first, 2, 2, *second, 2]
    assert "token_type_ids" not in loaded(*pair)
    assert (loaded.pad_token_id, loaded.mask_token_id) == (1, 4)
    sentences = [sentence for document in text[:300] for sentence in document] + ["A Word never seen: \u00e9?"]
    assert [loaded.decode(loaded(each, add_special_tokens=False)["input_ids"]) for each in sentences] == sentences
    both = [sum(map(len, each(sentences)["input_ids"])) for each in (encoder, tokenizer(language))]
    assert both[0] == pytest.approx(both[1], rel=0.1)
    vocabulary = loaded.get_vocab()
    assert {"\u0120yes", "\u0120no"} <= vocabulary.keys()
    assert loaded.tokenize("so yes") == ["so", "\u0120yes"]


def test_padding_and_positions_of_the_roberta_are_its_familys(language):
    """A sentence is told the same alone and beside a longer one, and one of 64 tokens has a position for each."""
    encoder = byte_level(language)
    model = RobertaForMaskedLM(roberta_config(len(encoder))).eval()
    batch = encoder(["the town.", "some bird lives in the town."], padding=True, return_tensors="pt")
    alone = encoder("the town.", return_tensors="pt")
    with torch.no_grad():
        length = alone["input_ids"].shape[1]
        torch.testing.assert_close(model(**batch).logits[:1, :length], model(**alone).logits, rtol=1e-4, atol=1e-5)
        assert model(input_ids=torch.full((1, 64), 9)).logits.shape == (1, 64, len(encoder))


def test_ngram_losses_by_hand():
    text = [[5, 6, 7], [5, 6, 8]]
    found = ngram.losses(text, [([5, 6, 4], [-100, -100, 7])], vocabulary=10)
    assert found["unigram"] == pytest.approx(-log((1 + 1) / (6 + 10)))
    alone = 2 / 16
    left = (1 + 2 * alone) / (2 + 2)  # after 6 came 7 and 8
    right = (1 + 2 * alone) / (2 + 2)  # before the end came 7 and 8
    between = (1 + 2 * (left + right) / 2) / (2 + 2)
    wider = (1 + 2 * between) / (2 + 2)
    widest = (1 + 2 * wider) / (2 + 2)
    assert found["ngram"] == pytest.approx(-log(widest))
    with pytest.raises(ValueError, match="no word is hidden"):
        ngram.losses(text, [([5], [-100])], vocabulary=10)


def test_ngram_beats_unigram_on_the_language(language, text):
    encoder = tokenizer(language)
    rows = [encoder(" ".join(document))["input_ids"] for document in text]
    hidden = []
    for row in rows[1400:]:
        ids, labels = list(row), [-100] * len(row)
        labels[3], ids[3] = ids[3], encoder.mask_token_id
        hidden.append((ids, labels))
    found = ngram.losses(rows[:1400], hidden, len(encoder))
    assert found["ngram"] < found["unigram"] - 0.5
