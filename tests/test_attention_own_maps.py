"""A user's own maps: read as they are, and every kind of bad folder refused in one sentence."""

import numpy as np
import pytest

from lottery.attention import own_maps
from lottery.attention.patterns import PATTERNS


@pytest.fixture
def folder(tmp_path):
    """One map of each pattern, of 8 to 12 tokens."""
    generator = np.random.default_rng(0)
    lines = ["file,label"]
    for place, pattern in enumerate(PATTERNS):
        np.save(tmp_path / f"m{place}.npy", generator.random((8 + place, 8 + place)))
        lines.append(f"m{place}.npy,{pattern}")
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_maps_are_read_as_they_were_saved(folder):
    maps, labels = own_maps.read(folder)
    assert labels.tolist() == [0, 1, 2, 3, 4]
    for place, found in enumerate(maps):
        assert found.dtype == np.float32
        assert found == pytest.approx(np.load(folder / f"m{place}.npy"))


def change(folder, old, new):
    path = folder / "labels.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("file,label", "name,label", "the first line is not 'file,label'"),
        ("m1.npy,vertical\n", "m1.npy,vertical,x\n", "row 2: 3 fields where there are 2"),
        ("m3.npy,block", "m3.npy,blocks", "no pattern is called 'blocks'; there are diagonal, "),
        ("m3.npy,block\n", "", "no map labelled 'block': give at least one"),
        ("m3.npy", "m2.npy", "'m2.npy' is labelled twice"),
        ("m3.npy", "gone.npy", "names 'gone.npy', which is no file in its folder"),
        ("m3.npy", "../m3.npy", "names '../m3.npy', which is no file in its folder"),
    ],
)
def test_a_wrong_list_is_refused(folder, old, new, error):
    np.save(folder.parent / "m3.npy", np.ones((9, 9)))
    change(folder, old, new)
    with pytest.raises((ValueError, FileNotFoundError), match=error):
        own_maps.read(folder)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (np.ones((9, 10)), r"shape \(9, 10\); a map is square"),
        (np.ones(9), r"shape \(9,\)"),
        (np.ones((7, 7)), "7 tokens; patterns are told apart from 8"),
        (np.ones((9, 9), dtype=int), "of type int64; a map is of floats"),
        (np.full((9, 9), np.nan), "finite numbers of 0 or more"),
        (-np.eye(9), "finite numbers of 0 or more"),
        (np.zeros((9, 9)), "not all of them 0"),
        (np.array([[{}]], dtype=object), "no .npy file of numbers"),
    ],
)
def test_a_wrong_map_is_refused(folder, content, error):
    np.save(folder / "m2.npy", content, allow_pickle=True)
    with pytest.raises(ValueError, match=error):
        own_maps.read(folder)


def test_what_is_no_map_and_what_is_no_folder_is_refused(folder):
    (folder / "m2.npy").write_bytes(b"")
    with pytest.raises(ValueError, match=r"m2.npy is no .npy file of numbers"):
        own_maps.read(folder)
    (folder / "labels.csv").write_bytes(b"")
    with pytest.raises(ValueError, match="the first line is not"):
        own_maps.read(folder)
    with pytest.raises(FileNotFoundError, match=r"give a folder with labels\.csv"):
        own_maps.read(folder / "nowhere")
