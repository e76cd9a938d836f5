"""Bundles from strangers: whatever is wrong with one is a ModelError or TokenizerError in words."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tamis

export = pytest.importorskip("tamis.export")

SCORERS = [
    "engine",
    pytest.param(
        "torchscript",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("tamis._torch") is None, reason="built without torch"
        ),
    ),
]


@pytest.fixture(scope="module")
def whole(one_label: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with nothing wrong."""
    folder = tmp_path_factory.mktemp("bundles") / "whole"
    export.export_model(one_label, folder)
    return folder


class Bundle:
    """A copy to damage."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = json.loads((folder / "tamis.json").read_text())

    def sign(self) -> None:
        """Write the manifest with the hashes of the files as they are now."""
        from tamis.export.manifest import write_manifest

        write_manifest(self.folder, self.manifest)
        written = json.loads((self.folder / "tamis.json").read_text())
        self.manifest = {**written, "format_version": self.manifest["format_version"]}
        (self.folder / "tamis.json").write_text(json.dumps(self.manifest))

    def cut(self, name: str) -> None:
        """Half of a file."""
        content = (self.folder / name).read_bytes()
        (self.folder / name).write_bytes(content[: len(content) // 2])

    def fill(self, tensor: str, value: float) -> None:
        """Overwrite a tensor in the archive, past every checksum."""
        import torch

        program = torch.jit.load(str(self.folder / "model.pt"))
        with torch.no_grad():
            dict(program.named_parameters())[tensor].fill_(value)
        torch.jit.save(program, str(self.folder / "model.pt"))


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Bundle:
    return Bundle(Path(shutil.copytree(whole, tmp_path / "bundle")))


def newer_format(bundle: Bundle) -> None:
    bundle.manifest["format_version"] = 99
    bundle.sign()


def changed_byte(bundle: Bundle) -> None:
    content = bytearray((bundle.folder / "model.pt").read_bytes())
    content[len(content) // 2] ^= 1
    (bundle.folder / "model.pt").write_bytes(content)


def truncated(bundle: Bundle) -> None:
    bundle.cut("model.pt")


def truncated_and_signed(bundle: Bundle) -> None:
    bundle.cut("model.pt")
    bundle.sign()


def without_program(bundle: Bundle) -> None:
    (bundle.folder / "model.pt").unlink()


def without_tokenizer(bundle: Bundle) -> None:
    for name in ("tokenizer.json", "vocab.txt"):
        (bundle.folder / name).unlink(missing_ok=True)
    bundle.sign()


def no_json(bundle: Bundle) -> None:
    (bundle.folder / "tamis.json").write_text("{")


def outside(bundle: Bundle) -> None:
    bundle.manifest["files"] = {"../secret": "0" * 64}
    (bundle.folder / "tamis.json").write_text(json.dumps(bundle.manifest))


def unknown_space(bundle: Bundle) -> None:
    bundle.manifest["score_space"] = "banana"
    bundle.sign()


DAMAGES: dict[str, tuple[Callable[[Bundle], None], str]] = {
    "newer format": (newer_format, r"has format 99.*upgrade tamis"),
    "changed byte": (changed_byte, r"model\.pt has sha256 .* changed or damaged"),
    "truncated": (truncated, r"model\.pt has sha256 .* changed or damaged"),
    "truncated and signed": (truncated_and_signed, r"model\.pt"),
    "no program": (without_program, r"file 'model\.pt' is missing"),
    "no tokenizer": (without_tokenizer, r"holds no tokenizer"),
    "unknown space": (unknown_space, r"unknown score_space 'banana'"),
    "no JSON": (no_json, r"tamis\.json"),
    "file outside": (outside, r"'\.\./secret' points outside the bundle"),
}


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged(bundle: Bundle, damage: str, scorer: Any) -> None:
    cause, message = DAMAGES[damage]
    cause(bundle)
    with pytest.raises((tamis.ModelError, tamis.TokenizerError), match=message):
        tamis.CrossEncoder(str(bundle.folder), scorer=scorer)


def _move(record: dict[str, Any]) -> None:
    record["record"] = "elsewhere/data/0"


def _grow(record: dict[str, Any]) -> None:
    record["shape"] = [2**40, 2**20]


def _negative(record: dict[str, Any]) -> None:
    record["shape"] = [-1, 4]


@pytest.mark.parametrize("lie", [_move, _grow, _negative])
def test_records_that_lie(bundle: Bundle, lie: Callable[[dict[str, Any]], None]) -> None:
    name = next(name for name in bundle.manifest["tensors"] if name.endswith("classifier.weight"))
    lie(bundle.manifest["tensors"][name])
    bundle.sign()
    with pytest.raises(tamis.ModelError, match=r"classifier\.weight|elsewhere"):
        tamis.CrossEncoder(str(bundle.folder), scorer="engine")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("scorer", SCORERS)
def test_nan_weights(bundle: Bundle, scorer: Any) -> None:
    bundle.fill("classifier.bias", float("nan"))
    bundle.sign()
    refused = (tamis.ModelError, tamis.NonFiniteScore)
    with pytest.raises(refused, match=r"classifier\.bias.* NaN|NaN or infinity for 2 of 2 pairs"):
        tamis.CrossEncoder(str(bundle.folder), scorer=scorer).predict([("a", "b"), ("c", "d")])


@pytest.mark.parametrize("space", ["logit", "probability", "custom"])
def test_scores_are_of_the_space_that_the_manifest_declares(bundle: Bundle, space: str) -> None:
    bundle.manifest |= {"activation": "identity", "score_space": space}
    bundle.sign()
    model = tamis.CrossEncoder(str(bundle.folder))
    pair = ("a", "b")
    computed = model.predict(pair)
    assert model.score_space == space
    if space == "logit":
        assert model.predict(pair, scores="logit") == computed
        assert model.predict(pair, scores="probability") == pytest.approx(
            1 / (1 + np.exp(-computed)), abs=1e-6
        )
        return
    with pytest.raises(tamis.InvalidArgument, match=f"of the space '{space}'"):
        model.predict(pair, scores="logit")
    if space == "probability":
        assert model.predict(pair, scores="probability") == computed
        assert model.rank("a", ["b"], scores="probability")[0]["score"] == computed
    else:
        with pytest.raises(tamis.InvalidArgument, match="needs the model's logits"):
            model.predict(pair, scores="probability")


@pytest.mark.parametrize("scorer", SCORERS)
def test_the_whole_one_scores(bundle: Bundle, one_label: Path, scorer: Any) -> None:
    bundle.sign()
    expected = tamis.CrossEncoder(str(one_label)).predict([("a", "b")])
    found = tamis.CrossEncoder(str(bundle.folder), scorer=scorer).predict([("a", "b")])
    np.testing.assert_allclose(found, expected, atol=1e-4)
