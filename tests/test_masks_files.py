import json

import numpy as np
import pytest
import safetensors
import torch
import torch.nn.utils.prune
from safetensors.torch import save_file

from lottery import masks
from lottery.masks import files as mask_files


@pytest.fixture
def mask():
    shapes = {"encoder.layer.0.output.dense.weight": (5, 7), "pooler.dense.weight": (3, 3)}
    return masks.keep_random(shapes, 0.4, torch.Generator().manual_seed(1))


@pytest.fixture
def path(mask, tmp_path):
    path = tmp_path / "folder" / "mask.safetensors"
    mask_files.save(path, mask, model="minilm", method="magnitude, local", asked=0.4, seed=3)
    return path


def test_a_mask_comes_back_with_what_was_said_of_it(mask, path):
    found, header = mask_files.load(path)
    assert found.keys() == mask.keys()
    assert all(torch.equal(found[name], mask[name]) and found[name].dtype == torch.bool for name in mask)
    removed = sum(int((~kept).sum()) for kept in mask.values())
    assert removed == round(0.4 * 44)
    assert float(header["sparsity"]) == pytest.approx(removed / 44, abs=1e-12)
    assert {name: header[name] for name in ("model", "method", "sparsity_asked", "seed")} == {
        "model": "minilm",
        "method": "magnitude, local",
        "sparsity_asked": "0.4",
        "seed": "3",
    }
    assert [entry.name for entry in path.parent.iterdir()] == ["mask.safetensors"]


def test_the_file_takes_a_bit_a_weight(tmp_path):
    mask = {"a": torch.rand(400, 800) < 0.5}
    mask_files.save(tmp_path / "m.safetensors", mask, model="m", method="random", asked=0.5, seed=0)
    assert 40_000 <= (tmp_path / "m.safetensors").stat().st_size < 41_000


def test_the_same_mask_is_the_same_file(mask, path):
    """Names that are not plain, too: the length of the header is counted in bytes."""
    told = {"model": 'a "model" ü', "method": "magnitude, local", "asked": 0.4, "seed": 3}
    contents = set()
    for _ in range(9):
        mask_files.save(path, mask, **told)
        contents.add(path.read_bytes())
    assert len(contents) == 1
    found, header = mask_files.load(path)
    assert all(torch.equal(found[name], mask[name]) for name in mask)
    assert header["model"] == told["model"]
    assert int.from_bytes(path.read_bytes()[:8], "little") % 8 == 0


def rewritten(path, header=None, tensors=None):
    with safetensors.safe_open(path, "pt") as file:
        told = dict(file.metadata())
        bits = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(bits | (tensors or {}), path, metadata=told | (header or {}))


def test_what_does_not_fit_together_is_refused(path):
    whole = path.read_bytes()
    changes = [
        {"header": {"format": "another"}},
        {"header": {"coder": "another"}},
        {"header": {"fingerprint": "0" * 64}},
        {"header": {"sparsity": "0.5"}},
        {
            "header": {
                "shapes": json.dumps({"encoder.layer.0.output.dense.weight": [7, 5], "pooler.dense.weight": [3, 3]})
            }
        },
        {"tensors": {"pooler.dense.weight": torch.zeros(5, dtype=torch.uint8)}},
        {"tensors": {"pooler.dense.weight": torch.zeros(2, dtype=torch.uint8)}},
        {"tensors": {"another.weight": torch.zeros(2, dtype=torch.uint8)}},
    ]
    for change in changes:
        path.write_bytes(whole)
        rewritten(path, **change)
        with pytest.raises(ValueError):  # noqa: PT011
            mask_files.load(path)
    path.write_bytes(whole)
    mask_files.load(path)


@pytest.fixture(params=["bits", "entropy"])
def coder(request):
    return request.param


@pytest.fixture
def coded(coder, mask, tmp_path):
    path = tmp_path / f"{coder}.safetensors"
    mask_files.save(path, mask, model="minilm", method="magnitude, local", asked=0.4, seed=3, coder=coder)
    return path


def test_a_mask_comes_back_from_either_coder(coder, coded, mask, path):
    found, header = mask_files.load(coded)
    assert found.keys() == mask.keys()
    assert all(torch.equal(found[name], mask[name]) for name in mask)
    assert header["coder"] == coder
    assert {**header, "coder": "", "checksum": ""} == {**mask_files.load(path)[1], "coder": "", "checksum": ""}
    with safetensors.safe_open(coded, "pt") as file:
        taken = sum(file.get_tensor(name).nbytes for name in file.keys())  # noqa: SIM118
    assert mask_files.payload(coded) == (coder, taken)


def test_whatever_is_altered_in_a_file_is_found(coder, coded, mask):
    """One bit of every byte in turn, header and payload, but for those that fill up a matrix's last byte."""
    whole, passed = coded.read_bytes(), []
    for place in range(len(whole)):
        altered = bytearray(whole)
        altered[place] ^= 1 << place % 8
        coded.write_bytes(altered)
        try:
            found, _ = mask_files.load(coded)
        except ValueError:
            continue
        passed.append(place)
        assert all(torch.equal(found[name], mask[name]) for name in mask)
    assert len(passed) <= (2 if coder == "bits" else 0)
    coded.write_bytes(whole)
    mask_files.load(coded)


def test_whatever_is_cut_off_or_added_is_found(coded):
    whole = coded.read_bytes()
    for kept in range(0, len(whole), 7):
        coded.write_bytes(whole[:kept])
        with pytest.raises(ValueError, match=coded.name):
            mask_files.load(coded)
    coded.write_bytes(whole + b"\0")
    with pytest.raises(ValueError, match=coded.name):
        mask_files.load(coded)


def test_the_smaller_of_two_codes_is_found(tmp_path):
    for share, expected in ((0.03, "entropy"), (0.5, "bits"), (0.9, "entropy")):
        mask = masks.keep_random({"a": (300, 200)}, 1 - share, torch.Generator().manual_seed(0))
        sizes = {}
        for coder in ("bits", "entropy", "smallest"):
            path = tmp_path / f"{coder}.safetensors"
            mask_files.save(path, mask, model="m", method="random", asked=1 - share, seed=0, coder=coder)
            found, sizes[coder] = mask_files.payload(path)
        assert found == expected
        assert sizes["smallest"] == sizes[expected] == min(sizes.values())
        assert sizes["bits"] == 7500


def test_files_from_before_there_was_a_checksum_are_read(mask, tmp_path):
    """As they were written then, by hand."""
    shapes = {name: list(kept.shape) for name, kept in mask.items()}
    told = {
        "format": "lottery-mask-1",
        "coder": "bits",
        "model": "m",
        "method": "magnitude, local",
        "sparsity_asked": "0.4",
        "sparsity": repr(18 / 44),
        "seed": "3",
        "fingerprint": masks.fingerprint(shapes),
        "shapes": json.dumps(shapes),
    }
    bits = {name: torch.from_numpy(np.packbits(kept.numpy())) for name, kept in mask.items()}
    save_file(bits, tmp_path / "old.safetensors", metadata=told)
    found, header = mask_files.load(tmp_path / "old.safetensors")
    assert all(torch.equal(found[name], mask[name]) for name in mask)
    assert header == told
    for lacking in ("model", "shapes"):
        part = {name: value for name, value in told.items() if name != lacking}
        save_file(bits, tmp_path / "part.safetensors", metadata=part)
        with pytest.raises(ValueError, match="is not a mask file of lottery"):
            mask_files.load(tmp_path / "part.safetensors")


@pytest.mark.parametrize("cut", [0, 5, 200, -1])
def test_a_truncated_file_is_refused(path, cut):
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match=r"mask\.safetensors"):
        mask_files.load(path)


def test_another_safetensors_file_is_no_mask_file(tmp_path):
    save_file({"a": torch.zeros(3)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="not a mask file"):
        mask_files.load(tmp_path / "model.safetensors")
    with pytest.raises(FileNotFoundError):
        mask_files.load(tmp_path / "none.safetensors")
    with pytest.raises(ValueError, match="is a folder"):
        mask_files.load(tmp_path)


def components_at(path, seed):
    generator = torch.Generator().manual_seed(seed)
    kept = {"heads": torch.rand(3, 4, generator=generator) < 0.5, "mlps": torch.rand(3, generator=generator) < 0.5}
    mask_files.save(path, kept, model="m", method="sample, both", asked=0.1, seed=seed)
    return kept


def test_masks_of_a_folder_stand_side_by_side(tmp_path):
    kept = [components_at(tmp_path / f"seed{seed}.safetensors", seed) for seed in (2, 1)]
    names, found = mask_files.side_by_side([tmp_path])
    assert names == ["seed1", "seed2"]
    assert {name: array.shape for name, array in found.items()} == {"heads": (2, 3, 4), "mlps": (2, 3)}
    for name, array in found.items():
        assert array.dtype == bool
        assert array.tolist() == [kept[1][name].tolist(), kept[0][name].tolist()]


@pytest.mark.parametrize("coder", ["bits", "entropy", "smallest"])
def test_a_mask_of_neurons_is_packed_beside_heads_and_mlps(coder, tmp_path):
    generator = torch.Generator().manual_seed(0)
    shapes = {"heads": (2, 4), "mlps": (2,), "neurons": (2, 24)}
    for name in ("a", "b"):
        kept = {kind: torch.rand(shape, generator=generator) > 0.4 for kind, shape in shapes.items()}
        mask_files.save(
            tmp_path / f"{name}.safetensors", kept, model="m", method="by hand", asked=0.4, seed=0, coder=coder
        )
        found, _ = mask_files.load(tmp_path / f"{name}.safetensors")
        assert all(torch.equal(found[kind], kept[kind]) for kind in shapes)
    _, arrays = mask_files.side_by_side([tmp_path])
    assert {kind: array.shape for kind, array in arrays.items()} == {
        kind: (2, *shape) for kind, shape in shapes.items()
    }


def test_names_tell_masks_apart(tmp_path):
    paths = [tmp_path / place / "a/mask.safetensors" for place in ("x", "y/z")]
    for seed, path in enumerate(paths):
        components_at(path, seed)
    names, _ = mask_files.side_by_side(paths)
    assert names == [str(path) for path in paths]
    components_at(tmp_path / "b/mask.safetensors", 2)
    assert mask_files.side_by_side([paths[0], tmp_path / "b/mask.safetensors"])[0] == ["a/mask", "b/mask"]


def test_masks_of_weights_are_laid_end_to_end(tmp_path):
    shapes = {"b.weight": (2, 3), "a.weight": (2, 2)}
    files = [tmp_path / name / "mask.safetensors" for name in ("x", "y")]
    kept = [masks.keep_random(shapes, 0.5, torch.Generator().manual_seed(seed)) for seed in (0, 1)]
    for file, mask in zip(files, kept, strict=True):
        mask_files.save(file, mask, model="m", method="random", asked=0.5, seed=0)
    names, found = mask_files.side_by_side(files)
    assert names == ["x", "y"]
    expected = [[*mask["a.weight"].flatten().tolist(), *mask["b.weight"].flatten().tolist()] for mask in kept]
    assert found["weights"].tolist() == expected


def test_masks_that_cannot_stand_side_by_side_are_refused(tmp_path, path):
    with pytest.raises(ValueError, match=r"folder: one mask file.*two or more"):
        mask_files.side_by_side([path.parent])
    with pytest.raises(ValueError, match=r"mask\.safetensors is given twice"):
        mask_files.side_by_side([path, path.parent])
    with pytest.raises(FileNotFoundError, match=r"gone\.safetensors does not exist"):
        mask_files.side_by_side([path, tmp_path / "gone.safetensors"])
    components_at(tmp_path / "other.safetensors", 0)
    with pytest.raises(ValueError, match=r"mask\.safetensors and .*other\.safetensors are .* of other shapes"):
        mask_files.side_by_side([path, tmp_path / "other.safetensors"])
    save_file({"a": torch.zeros(2)}, tmp_path / "foreign.safetensors")
    with pytest.raises(ValueError, match="is not a mask file of lottery"):
        mask_files.side_by_side([path, tmp_path / "foreign.safetensors"])


@pytest.mark.parametrize("coder", ["bits", "entropy"])
def test_a_mask_of_torchs_pruning_becomes_a_file(tmp_path, coder):
    told = {"model": "x", "method": "l1", "asked": 0.5, "seed": 0, "coder": coder}
    layer = torch.nn.utils.prune.l1_unstructured(torch.nn.Linear(5, 4), "weight", amount=0.5)
    mask_files.save(tmp_path / "m.safetensors", {"a": layer.weight_mask}, **told)
    kept, header = mask_files.load(tmp_path / "m.safetensors")
    assert torch.equal(kept["a"], layer.weight_mask == 1)
    assert header["sparsity"] == "0.5"
    with pytest.raises(ValueError, match="mask of 'a' holds other numbers than 0 and 1"):
        mask_files.save(tmp_path / "n.safetensors", {"a": layer.weight}, **told)
