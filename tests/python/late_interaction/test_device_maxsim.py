"""tamis.maxsim by ATen equals NumPy and the engine: on torch's CPU, and on CUDA where it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tamis
from tamis import Cascade, DeviceError, InvalidArgument, _torch_loader, device_vectors, multi_vector
from tamis import stages as s
from tamis.device import Device

torch = pytest.importorskip("torch")
LENGTHS = [1, 3, 80, 300, 17, 1030, 2]
TYPES = ["float32", "float16", "bfloat16", "int8"]
ONE = np.ones((2, 4), np.float32)
NAN = np.array([[1, 1, 1, 1], [1, np.nan, 1, 1]], np.float32)


@pytest.fixture(params=["cpu", "cuda:0"])
def home(request: pytest.FixtureRequest) -> str:
    """The device that computes; tensors there are not moved."""
    if not _torch_loader.exists():
        pytest.skip("needs a tamis that was built with torch")
    if request.param != "cpu" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return str(request.param)


def maxsim(
    home: str, query: Any, documents: Any, *, cancel: Any = None, max_rows: int = 0, **given: Any
) -> np.ndarray:
    """`tamis.maxsim(..., device=home)`, which leaves the CPU to the engine."""
    read = multi_vector.read(query, documents, home=home, **given)
    return device_vectors.maxsim(**read, device=home, max_rows=max_rows, cancel=cancel)


def unit(rows: int, width: int, seed: int) -> Any:
    x = torch.randn(rows, width, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(x, dim=1)


def stored(name: str, vectors: list[Any]) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """Tensors of the type, what they stand for, and their scales as arguments."""
    if name != "int8":
        typed = [x.to(getattr(torch, name)) for x in vectors]
        return typed, [x.double().numpy() for x in typed], {}
    scales = [x.abs().amax(1) / 127 for x in vectors]
    pairs = list(zip(vectors, scales, strict=True))
    typed = [(x / c[:, None]).round().to(torch.int8) for x, c in pairs]
    exact = [(x.double() * c[:, None].double()).numpy() for x, c in zip(typed, scales, strict=True)]
    return typed, exact, {"query_scales": scales[0], "document_scales": scales[1:]}


def reference(query: Any, documents: list[Any]) -> np.ndarray:
    return np.array([(query @ d.T).max(1).sum() for d in documents])


def moved(given: Any, place: str) -> Any:
    if isinstance(given, list):
        return [moved(one, place) for one in given]
    return given.to(place)


@pytest.mark.parametrize(("tokens", "width"), [(1, 128), (32, 128), (9, 96), (5, 7), (600, 128)])
@pytest.mark.parametrize("name", TYPES)
def test_equals_numpy_and_the_engine(home: str, tokens: int, width: int, name: str) -> None:
    vectors, exact, scales = stored(
        name, [unit(tokens, width, 1), *(unit(n, width, 2 + n) for n in LENGTHS)]
    )
    expected = reference(exact[0], exact[1:])
    close = {"rtol": 1e-5, "atol": 1e-5}
    resident = moved(vectors, home), {key: moved(value, home) for key, value in scales.items()}
    for (query, *documents), own in (resident, (vectors, scales)):
        for max_rows in (0, 1, 100):
            found = maxsim(home, query, documents, max_rows=max_rows, **own)
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, expected, **close)
    np.testing.assert_allclose(tamis.maxsim(vectors[0], vectors[1:], **scales), found, **close)


def test_types_and_places_mix(home: str) -> None:
    documents = [unit(n, 16, n) for n in (4, 9, 2, 7, 5, 3)]
    typed = [documents[0].half(), documents[1].bfloat16(), documents[2], documents[3].half()]
    codes = (documents[4] * 100).to(torch.int8)
    given = [*typed[:2], moved(typed[2], home), typed[3].to(home), codes, documents[5].numpy()]
    exact = [*(x.double().numpy() for x in [*typed, codes]), documents[5].double().numpy()]
    query = unit(3, 16, 90)
    expected = reference(query.double().numpy(), exact)
    np.testing.assert_allclose(maxsim(home, query.numpy(), given), expected, rtol=1e-5)
    scaled = maxsim(home, query, given[4:5], document_scales=0.25)
    np.testing.assert_allclose(scaled, expected[4:5] / 4, rtol=1e-5)


@pytest.mark.parametrize("resident", [False, True])
def test_layouts_and_masks_agree(home: str, resident: bool) -> None:
    query = unit(8, 64, 1)
    documents = [unit(n, 64, 5 + n) for n in (4, 1, 7)]
    expected = tamis.maxsim(query, documents)
    padded = torch.full((3, 7, 64), torch.nan)
    mask = torch.zeros(3, 7, dtype=torch.bool)
    for i, document in enumerate(documents):
        padded[i, 7 - len(document) :] = document
        mask[i, 7 - len(document) :] = True
    longer = torch.full((11, 64), torch.inf)
    longer[1:9] = query
    asked = (torch.arange(11) >= 1) & (torch.arange(11) < 9)
    rows, wide = torch.cat(documents), torch.cat([torch.cat(documents)] * 2, 1)
    turned = [document.T.contiguous().T for document in documents]
    if resident:
        query, padded, longer, rows, wide = moved([query, padded, longer, rows, wide], home)
        documents, turned = moved(documents, home), moved(turned, home)

    def check(*given: Any, **named: Any) -> None:
        np.testing.assert_allclose(maxsim(home, *given, **named), expected, rtol=1e-5)

    check(query, padded, document_masks=mask)
    check(query, padded, document_masks=mask.to(home).int())
    check(query, padded, document_masks=mask.numpy(), max_rows=7)
    check(query, list(padded), document_masks=list(mask))
    check(query, rows, offsets=[0, 4, 5, 12])
    check(query, rows, offsets=torch.tensor([0, 4, 5, 12], device=home), max_rows=5)
    check(query, wide[:, :64], offsets=[0, 4, 5, 12])
    check(longer, documents, query_mask=asked)
    check(query.double(), documents)
    check(query, turned)
    assert maxsim(home, query, []).shape == (0,)
    assert maxsim(home, query, padded[:0]).shape == (0,)


def test_the_callers_settings_change_nothing(home: str) -> None:
    query, documents = unit(32, 128, 1), [unit(n, 128, n) for n in LENGTHS]
    expected = reference(query.double().numpy(), [d.double().numpy() for d in documents])
    before = torch.get_default_dtype(), torch.get_float32_matmul_precision()
    try:
        torch.set_default_dtype(torch.float64)
        torch.set_float32_matmul_precision("high" if home != "cpu" else before[1])
        with torch.autocast(home.partition(":")[0], dtype=torch.bfloat16):
            found = maxsim(home, query, documents)
    finally:
        torch.set_default_dtype(before[0])
        torch.set_float32_matmul_precision(before[1])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("resident", [False, True])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"query": ONE[0]}, r"query must have the shape \[tokens, width\], got \(4,\)"),
        ({"query": ONE[:0]}, "the query has no vector"),
        ({"query": ONE[:, :0]}, "no elements"),
        ({"query": NAN}, "vector 1 of the query has NaN"),
        ({"query": ONE.astype(np.int32)}, "float32, float16, bfloat16 or int8"),
        ({"query_mask": np.zeros(2)}, "the query has no vector, or all of them are masked"),
        ({"documents": [ONE, ONE[:, :3]]}, "document 1 have 3 elements, those of the query 4"),
        ({"documents": [ONE, ONE[:0]]}, "document 1 has no vector"),
        ({"documents": [ONE, NAN]}, "vector 1 of document 1 has NaN"),
        ({"documents": [ONE, NAN * np.inf]}, "vector 0 of document 1 has NaN"),
        ({"documents": [ONE, -NAN * np.inf]}, "vector 0 of document 1 has NaN"),
        ({"documents": [ONE * 1e30], "query": ONE * 1e30}, "overflows"),
        ({"documents": [ONE], "document_masks": [np.zeros(2)]}, "document 0 has no vector"),
        ({"documents": [ONE], "document_masks": [np.ones(1)]}, r"shape \(2,\), got \(1,\)"),
        ({"documents": [ONE], "document_masks": [np.ones(2, complex)]}, "bool or numbers"),
        ({"document_scales": 1.0}, "scales, which belong to int8"),
        ({"document_scales": [np.ones(3)]}, r"number or have the shape \(2,\), got \(3,\)"),
        ({"document_scales": ["x"]}, "are no numbers"),
        ({"documents": ONE, "offsets": [0, 1]}, "ascend from 0 to the number of rows, 2"),
    ],
)
def test_bad_input(home: str, resident: bool, arguments: dict[str, Any], words: str) -> None:
    def placed(value: Any) -> Any:
        if isinstance(value, list):
            return [placed(one) for one in value]
        return torch.from_numpy(value.copy()).to(home) if isinstance(value, np.ndarray) else value

    given: dict[str, Any] = {"query": ONE, "documents": [ONE], **arguments}
    if resident:
        given = {key: placed(value) for key, value in given.items()}
    with pytest.raises(InvalidArgument, match=words):
        maxsim(home, given.pop("query"), given.pop("documents"), **given)


def test_cancel(home: str) -> None:
    token = tamis.CancelToken()
    token.cancel()
    with pytest.raises(tamis.Cancelled):
        maxsim(home, ONE, [ONE], cancel=token)


def test_the_public_function_and_the_stage_on_cuda(home: str) -> None:
    if home == "cpu":
        pytest.skip("there, they are the engine's")
    pages = [{"id": str(i), "text": f"page {i}", "patches": unit(20 + i, 16, i)} for i in range(9)]
    query = unit(5, 16, 40)
    expected = tamis.maxsim(query, [page["patches"] for page in pages])
    for page in pages:
        page["patches"] = page["patches"].to(home)
    found = tamis.maxsim(query.to(home), [page["patches"] for page in pages], device="cuda")
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    stage = s.late_interaction(
        lambda _: query, vectors="patches", keep=4, limit=9, device=torch.device(home)
    )
    hits = Cascade([stage]).run("which page?", pages).hits
    assert [hit.id for hit in hits] == [str(i) for i in np.argsort(-expected)[:4]]


def test_resident_tensors_are_read_where_they_lie(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    query, pages = unit(8, 64, 1).to(home), torch.randn(40, 90, 64, device=home)
    mask = torch.rand(40, 90, device=home) < 0.9
    expected = tamis.maxsim(query, pages, document_masks=mask)

    def refuse(*_: Any) -> None:
        raise AssertionError("a tensor left its device")

    for name in ("cpu", "numpy", "tolist"):
        monkeypatch.setattr(torch.Tensor, name, refuse)
    read = multi_vector.read(query, pages, document_masks=mask, home=home)
    view = device_vectors.view(read["documents"][0], None, read["masks"][0])
    assert view.on_device
    assert view.address == pages.data_ptr()
    np.testing.assert_allclose(device_vectors.maxsim(**read, device=home), expected, rtol=1e-5)


def test_a_device_that_is_not_there() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    for call in (
        lambda: tamis.maxsim(ONE, [ONE], device="cuda"),
        lambda: s.late_interaction(lambda _: ONE, vectors="v", keep=4, device="cuda"),
    ):
        with pytest.raises(DeviceError, match=r"finds no CUDA device here|built without torch"):
            call()
    with pytest.raises(InvalidArgument, match="unknown device 'gpu'"):
        tamis.maxsim(ONE, [ONE], device="gpu")


def test_precision_is_the_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multi_vector, "resolve", Device)
    with pytest.raises(InvalidArgument, match="precision 'bf16' is the CPU's; on 'cuda' it is"):
        tamis.maxsim(ONE, [ONE], device="cuda", precision="bf16")
