"""How a folder of a sentence encoder says that it pools."""

import json

import pytest

from lottery.models.folders import MODULES
from lottery.models.pooling import FOLDER, pooling
from lottery.models.pooling import told as words


@pytest.fixture
def told(tmp_path):
    """Writes what a folder says, and reads it."""

    def read(entries) -> str:
        file = tmp_path / FOLDER / "config.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(entries if isinstance(entries, str) else json.dumps(entries), encoding="utf-8")
        return pooling(str(tmp_path))

    return read


def test_the_one_mode_that_is_set_counts_in_the_old_spelling_and_the_new(told):
    off = {"word_embedding_dimension": 384, "pooling_mode_max_tokens": False}
    assert told(off | {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}) == "mean"
    assert told(off | {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}) == "first"
    assert told({"embedding_dimension": 384, "pooling_mode": "cls"}) == "first"
    assert told({"pooling_mode_max_tokens": True}) == told({"pooling_mode": "max"}) == "max"
    assert told({"pooling_mode_mean_sqrt_len_tokens": True}) == "mean"  # of the same direction


def test_a_folder_that_says_nothing_takes_the_mean(tmp_path):
    assert pooling(str(tmp_path)) == "mean"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"pooling_mode_weightedmean_tokens": True}, "pools by weightedmean_tokens, which is not done here: say mean"),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}, "pools by mean_tokens, cls_token"),
        ({"pooling_mode": "lasttoken"}, "pools by lasttoken"),
        ({}, "pools by nothing"),
        ("[1]", "does not tell how"),
        ("{", "does not tell how"),
    ],
)
def test_another_way_is_refused_in_a_sentence(told, entries, said):
    with pytest.raises(ValueError, match=said):
        told(entries)


def test_the_folder_that_is_named_counts_and_one_that_is_not_there_is_no_mean(tmp_path):
    """Of a model of the hub only the encoder is downloaded, and modules.json with it."""
    modules = [{"path": ""}, {"path": "2_Pooling"}, {"path": "3_Normalize"}]
    (tmp_path / MODULES).write_text(json.dumps(modules))
    with pytest.raises(ValueError, match=r"2_Pooling/config\.json how it pools, .* not there: say mean, first or max"):
        pooling(str(tmp_path))
    for folder, way in ((FOLDER, "mean_tokens"), ("2_Pooling", "cls_token")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "config.json").write_text(json.dumps({f"pooling_mode_{way}": True}))
    assert pooling(str(tmp_path)) == "first"
    (tmp_path / MODULES).write_text(json.dumps([{"path": ""}]))
    assert pooling(str(tmp_path)) == "mean"


def test_modules_that_turn_a_vector_are_refused_and_others_are_told(tmp_path):
    """Of the names that sentence-transformers has for a class in its old versions and its new ones."""

    def of(*kinds: str) -> str:
        modules = [{"path": f"{number}_{kind}", "type": f"sentence_transformers.{kind}"} for number, kind in kinds]
        (tmp_path / MODULES).write_text(json.dumps([{"path": "", "type": "models.Transformer"}, *modules]))
        return str(tmp_path)

    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "config.json").write_text('{"pooling_mode_cls_token": true}')
    scaled = of((1, "models.Pooling"), (2, "base.modules.normalize.Normalize"))
    (tmp_path / "1_models.Pooling").mkdir()
    (tmp_path / "1_models.Pooling/config.json").write_text('{"pooling_mode_max_tokens": true}')
    assert (pooling(scaled), words(scaled)) == ("max", "pooled by their maximum, scaled to length 1")
    assert words(of((1, "models.Pooling"))) == "pooled by their maximum"
    turned = of((1, "models.Pooling"), (2, "models.Dense"))
    with pytest.raises(ValueError, match=r"a module Dense \(2_models.Dense\), which is not done here: say mean"):
        pooling(turned)
    assert "module Dense" in words(turned)
    (tmp_path / MODULES).unlink()
    assert words(str(tmp_path)) == ""
