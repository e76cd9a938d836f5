"""tamis.maxsim equals NumPy, for every type, layout and instruction set."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import tamis
from tamis import Cascade, InvalidArgument, maxsim
from tamis import stages as s

ISAS = ["portable", "avx2", "avx2_vnni", "avx512", "avx512_vnni", "avx512_bf16", "amx"]
LENGTHS = [1, 3, 80, 300, 17, 1030, 2]


def unit(rows: int, width: int, seed: int) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def reference(query: Any, documents: list[Any]) -> np.ndarray:
    q = np.asarray(query, np.float64)
    return np.array([(q @ np.asarray(d, np.float64).T).max(1).sum() for d in documents])


def bf16(x: np.ndarray) -> np.ndarray:
    """Its bits; what is cut is cut."""
    return np.ascontiguousarray(x.view(np.uint32) >> 16).astype(np.uint16)


def widened(bits: np.ndarray) -> np.ndarray:
    return (bits.astype(np.uint32) << 16).view(np.float32)


@pytest.fixture(params=ISAS)
def isa(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TAMIS_ISA", request.param)
    try:
        maxsim(np.ones((1, 4), np.float32), [np.ones((1, 4), np.float32)])
    except InvalidArgument:
        pytest.skip(f"this processor has no {request.param}")
    return str(request.param)


@pytest.mark.parametrize(("tokens", "width"), [(1, 128), (32, 128), (9, 96), (5, 7), (1030, 128)])
@pytest.mark.parametrize("kind", ["fp32", "fp16", "bf16", "int8"])
def test_equals_numpy(isa: str, tokens: int, width: int, kind: str) -> None:
    query = unit(tokens, width, 1)
    documents = [unit(n, width, 2 + n) for n in LENGTHS]
    given: dict[str, Any] = {}
    read = [query, *documents]
    stored: list[np.ndarray] = read
    if kind == "fp16":
        stored = [x.astype(np.float16) for x in read]
        read = stored
    elif kind == "bf16":
        stored = [bf16(x) for x in read]
        read = [widened(x) for x in stored]
    elif kind == "int8":
        scales = [np.abs(x).max(1) / 127 for x in read]
        both = zip(read, scales, strict=True)
        stored = [np.rint(x / c[:, None]).astype(np.int8) for x, c in both]
        both = zip(stored, scales, strict=True)
        read = [x * c[:, None].astype(np.float64) for x, c in both]
        given = {"query_scales": scales[0], "document_scales": scales[1:]}
    scores = maxsim(stored[0], stored[1:], **given)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, reference(read[0], read[1:]), rtol=1e-5, atol=1e-5)
    alone = [
        maxsim(stored[0], [d], **{k: v if k[0] == "q" else [v[i]] for k, v in given.items()})[0]
        for i, d in enumerate(stored[1:])
    ]
    np.testing.assert_array_equal(scores, alone)


@pytest.mark.parametrize(("precision", "most"), [("fp32", 1e-6), ("bf16", 0.005), ("int8", 0.0125)])
def test_precision(isa: str, precision: str, most: float) -> None:
    query, documents = unit(32, 128, 1), [unit(n, 128, n) for n in LENGTHS]
    scores = maxsim(query, documents, precision=precision)
    np.testing.assert_allclose(scores / 32, reference(query, documents) / 32, atol=most)


def test_layouts_and_masks_agree() -> None:
    query = unit(8, 64, 1)
    documents = [unit(n, 64, 5 + n) for n in (4, 1, 7)]
    expected = maxsim(query, documents)
    padded = np.full((3, 7, 64), np.nan, np.float32)
    mask = np.zeros((3, 7), bool)
    for i, document in enumerate(documents):
        where = np.sort(np.random.default_rng(i).permutation(7)[: len(document)])
        padded[i, where] = document
        mask[i, where] = True
    np.testing.assert_array_equal(maxsim(query, padded, document_masks=mask), expected)
    np.testing.assert_array_equal(
        maxsim(query, list(padded), document_masks=list(mask.astype(int))), expected
    )
    packed = maxsim(query, np.concatenate(documents), offsets=[0, 4, 5, 12])
    np.testing.assert_array_equal(packed, expected)
    longer = np.full((11, 64), np.inf, np.float32)
    longer[1:9] = query
    on = np.arange(11)
    np.testing.assert_array_equal(
        maxsim(longer, documents, query_mask=(on >= 1) & (on < 9)), expected
    )
    wide = np.concatenate([np.concatenate(documents)] * 2, axis=1)[:, :64]
    np.testing.assert_array_equal(maxsim(query, wide, offsets=[0, 4, 5, 12]), expected)
    np.testing.assert_array_equal(maxsim(query.astype(float), documents), expected)
    fortran = [np.asfortranarray(d) for d in documents]
    np.testing.assert_array_equal(maxsim(query, fortran), expected)
    assert maxsim(query, []).shape == (0,)


def test_int8_scales() -> None:
    rng = np.random.default_rng(3)
    query = rng.integers(-127, 128, (4, 32)).astype(np.int8)
    documents = rng.integers(-127, 128, (2, 5, 32)).astype(np.int8)
    query[:, :2], documents[:, :, :2] = (127, -127), (127, -127)  # so that int8 rounds nothing
    plain = maxsim(query, documents)
    np.testing.assert_array_equal(plain, reference(query, list(documents)))
    scaled = maxsim(query, documents, query_scales=0.5, document_scales=0.25)
    np.testing.assert_allclose(scaled, plain / 8, rtol=1e-6)
    each = rng.random((2, 5)).astype(np.float32)
    expected = reference(query, [d * c[:, None] for d, c in zip(documents, each, strict=True)])
    for given in (each, list(each)):
        found = maxsim(
            query, documents if given is each else list(documents), document_scales=given
        )
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_array_equal(maxsim(query, documents, precision="int8"), plain)


def test_fp16_reads_subnormals_and_refuses_infinity() -> None:
    small = np.array([[6e-8, 6e-5, 65504, -1]], np.float16)
    ones = np.eye(4, dtype=np.float32)
    for i in range(4):
        assert maxsim(ones[i : i + 1], [small])[0] == np.float32(small[0, i])
    with pytest.raises(InvalidArgument, match="vector 0 of document 0"):
        maxsim(ones, [np.array([[np.inf, 0, 0, 0]], np.float16)])


def test_torch() -> None:
    torch = pytest.importorskip("torch")
    query, document = torch.randn(4, 32), torch.randn(9, 32)
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        q, d = query.to(dtype), document.to(dtype)
        expected = (q.double() @ d.double().T).amax(1).sum().item()
        assert maxsim(q, [d])[0] == pytest.approx(expected, rel=1e-5)


ONE = np.ones((2, 4), np.float32)
NAN = np.array([[1, 1, 1, 1], [1, np.nan, 1, 1]], np.float32)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"query": ONE[0]}, r"query must have the shape \[tokens, width\]"),
        ({"query": ONE[:0]}, "the query has no vector"),
        ({"query": ONE[:, :0]}, "no elements"),
        ({"query": NAN}, "vector 1 of the query has NaN"),
        ({"query": ONE.astype(np.int32)}, "float32, float16, bfloat16 or int8"),
        ({"query": ["a"]}, "float32, float16"),
        ({"documents": [ONE, ONE[:, :3]]}, "document 1 have 3 elements, those of the query 4"),
        ({"documents": [ONE, ONE[:0]]}, "document 1 has no vector"),
        ({"documents": [ONE, NAN]}, "vector 1 of document 1 has NaN"),
        ({"documents": [ONE, NAN], "precision": "int8"}, "vector 1 of document 1 has NaN"),
        ({"documents": [ONE, NAN], "precision": "bf16"}, "vector 1 of document 1 has NaN"),
        ({"documents": [ONE * 1e30], "query": ONE * 1e30}, "overflows"),
        ({"documents": ONE}, r"\[documents, tokens, width\]"),
        ({"documents": ONE, "offsets": [0, 1]}, "ascend from 0 to the number of rows, 2"),
        ({"documents": ONE, "offsets": [0.0, 2.0]}, "whole numbers"),
        ({"offsets": [0, 2]}, "offsets belong to one array"),
        ({"documents": [[[1, 2], [3]]]}, "document 0"),
        ({"document_masks": [[1]]}, r"shape \(2,\), got \(1,\)"),
        ({"document_masks": [[0, 0]]}, "document 0 has no vector, or all of them are masked"),
        ({"document_masks": [[1, 1], [1, 1]]}, "2 masks were given for 1 documents"),
        ({"query_mask": ["x", "y"]}, "bool or numbers"),
        ({"document_scales": 1.0}, "scales, which belong to int8"),
        ({"document_scales": [1.0, 2.0]}, "2 scales were given for 1 documents"),
        ({"precision": "fp8"}, "fp8"),
    ],
)
def test_bad_input(arguments: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"query": ONE, "documents": [ONE], **arguments}
    with pytest.raises(InvalidArgument, match=words):
        maxsim(given.pop("query"), given.pop("documents"), **given)


def test_cancel() -> None:
    token = tamis.CancelToken()
    token.cancel()
    with pytest.raises(tamis.Cancelled):
        maxsim(ONE, [ONE], cancel=token)


def test_stage_of_documents_that_carry_vectors() -> None:
    pages = [{"id": str(i), "text": f"page {i}", "patches": unit(20 + i, 16, i)} for i in range(9)]
    query = unit(5, 16, 40)
    expected = maxsim(query, [page["patches"] for page in pages])
    for vectors in ("patches", lambda page: page["patches"]):
        stage = s.late_interaction(lambda _: query, vectors=vectors, keep=4, limit=9)
        result = Cascade([stage]).run("which page?", pages)
        assert [hit.id for hit in result.hits] == [str(i) for i in np.argsort(-expected)[:4]]
        np.testing.assert_allclose([h.score for h in result.hits], np.sort(expected)[::-1][:4])
    carried = [{"id": "m", "text": "x", "metadata": {"patches": pages[0]["patches"]}}]
    stage = s.late_interaction(lambda _: query, vectors="patches", keep=4, limit=9)
    assert Cascade([stage]).run("q", carried).hits[0].score == pytest.approx(expected[0])
    strict = s.late_interaction(lambda _: query, vectors="none", keep=4, limit=9, on_error="raise")
    with pytest.raises(tamis.StageError, match="no vectors"):
        Cascade([strict]).run("q", pages)
    with pytest.raises(InvalidArgument, match="a function query -> vectors"):
        s.late_interaction(vectors="patches", keep=4)


def test_a_query_is_encoded_once_for_all_chunks() -> None:
    asked: list[str] = []

    def encode(query: str) -> Any:
        asked.append(query)
        return unit(5, 16, len(asked))

    pages = [{"text": f"page {i}", "patches": unit(20, 16, i)} for i in range(40)]
    stage = s.late_interaction(encode, vectors="patches", keep=4, limit=40, chunk=16)
    first, other, again = (Cascade([stage]).run(query, pages) for query in ("a", "b", "a"))
    assert asked == ["a", "b"]
    assert first.hits == again.hits != other.hits


def test_import_needs_no_torch() -> None:
    code = "import sys, tamis; tamis.maxsim; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
