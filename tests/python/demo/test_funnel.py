"""The cascade of the demo, on a small part of SciFact, with the real models."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from tamis import CrossEncoder
from tamis.demo import __main__ as demo
from tamis.demo import cascade, cascade_report, funnel, plot
from tamis.demo.collection import load_abstracts, load_claims, sample
from tamis.demo.terminal import Terminal

CLAIMS = 6


@pytest.fixture(scope="module")
def claims():
    return sample(load_claims(), seed=0)[:CLAIMS]


@pytest.fixture(scope="module")
def index(claims):
    return cascade.build_index(cascade.part_of(load_abstracts(), claims, 120))


def test_a_part_holds_all_that_is_relevant(claims):
    part = cascade.part_of(load_abstracts(), claims, 120)
    ids = {each.id for each in part}
    assert len(part) == len(ids) == 120
    assert all(id in ids for claim in claims for id in claim.relevant)
    assert cascade.part_of(load_abstracts(), claims, 120) == part


def test_each_stage_keeps_fewer_and_is_measured(index, claims):
    rows = cascade.after_each_stage(index, CrossEncoder(precision="auto"), claims[:3], "rrf")
    assert [row.name for row in rows] == ["retrieve", "late interaction", "cross-encoder"]
    assert [row.kept for row in rows] == [pytest.approx(120, abs=40), 25, 10]
    for row in rows:
        assert len(row.recall) == len(row.ndcg) == 3
        assert row.ms > 0
    assert np.mean(rows[0].recall) >= np.mean(rows[1].recall) >= np.mean(rows[2].recall) > 0


def test_more_time_lets_the_cross_encoder_read_more(index, claims, monkeypatch):
    monkeypatch.setattr(cascade, "BUDGETS", (1, 60_000))
    model = CrossEncoder(precision="auto")
    short, long = cascade.inside_budgets(index, model, claims[:3], "union")
    assert short.read < 25
    assert long.read == 25
    assert len(short.ms) == len(long.ndcg) == 3
    assert max(short.ms) < max(long.ms)


def test_the_whole_funnel(claims, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(demo, "load_claims", lambda: claims)
    monkeypatch.setattr(cascade, "FEWEST_ABSTRACTS", 60)
    monkeypatch.setattr(cascade, "FEWEST_CLAIMS", 2)
    monkeypatch.setattr(cascade, "BUDGETS", (50, 100))
    monkeypatch.chdir(tmp_path)
    assert demo.main(["--only", "cascade", "--seconds", "0.01"]) == 0
    out = capsys.readouterr().out
    words = " ".join(out.split())
    for expected in (
        "60 of 5,183 abstracts were indexed",
        "fusion: rrf",
        "fusion: union",
        "cross-encoder",
        "50 ms",
        "union − RRF",
        "Plotted in tamis-demo.svg",
    ):
        assert expected in words
    assert len(re.findall(r"wins|neither wins", out)) >= 4
    assert max(len(line) for line in out.splitlines()) <= 110
    assert ET.parse(tmp_path / "tamis-demo.svg").getroot().tag.endswith("svg")


def test_without_the_extra_it_says_what_to_install(claims, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "bm25s", None)
    funnel.run(Terminal(), claims, load_abstracts()[:30], full=True)
    words = " ".join(capsys.readouterr().out.split())
    assert "Left out: an index needs the package bm25s: pip install 'tamis[retrieval]'" in words


@pytest.mark.parametrize(
    ("rrf", "union", "verdict"),
    [
        ([0.1] * 40, [0.4, 0.5] * 20, "union wins"),
        ([0.4, 0.5] * 20, [0.1] * 40, "RRF wins"),
        ([0.1, 0.2] * 20, [0.2, 0.1] * 20, "neither wins"),
    ],
)
def test_the_verdict_follows_the_interval(capsys, rrf, union, verdict):
    def rows(values):
        return [cascade.StageRow("stage", 1, values, values, 1.0)] * 2

    both = {"rrf": rows(rrf), "union": rows(union)}
    cascade_report.verdict(Terminal(), both, both)
    assert capsys.readouterr().out.count(verdict) == 4


def test_what_a_stage_adds_has_its_interval(capsys):
    first = cascade.StageRow("retrieve", 2, [1.0] * 40, [0.1] * 40, 1.0)
    second = cascade.StageRow("rerank", 1, [1.0] * 40, [0.3, 0.5] * 20, 1.0)
    cascade_report.what_stages_add(Terminal(), [first, second])
    said = " ".join(capsys.readouterr().out.split())
    assert "over 40 queries: rerank +0.300 [+0.27" in said


def test_the_plot_places_points_by_their_logarithm():
    lines = {"a <b>": [(10, 0.5), (100, 0.6), (1000, 0.7)], "c": [(10, 0.4)]}
    root = ET.fromstring(plot.draw("title & more", lines, "x", "y"))
    ns = "{http://www.w3.org/2000/svg}"
    dots = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(f"{ns}circle")]
    xs, ys = zip(*dots[:3], strict=True)
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.2)
    assert ys[0] > ys[1] > ys[2]
    assert ys[0] - ys[1] == pytest.approx(ys[1] - ys[2], abs=0.2)
    assert {"title & more", "a <b>", "c", "x", "y"} <= {t.text for t in root.iter(f"{ns}text")}
