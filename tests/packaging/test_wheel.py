"""The wheel as a user meets it: built, installed where there is no torch, then where there is.

Builds in build/packaging and build/packaging-isolated, so that a second run is quick.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).resolve().parents[2]
TORCH = "torch==2.13.0"
OLD_NUMPY = ["numpy<2"] if sys.version_info < (3, 13) else []
WITHOUT_TORCH = ["_native", "_remote", "_store"]

SCORE = """
import sys
from tamis import CrossEncoder
model = CrossEncoder({model!r}, {arguments})
query = "what is the capital of France?"
good = "Paris is the capital and largest city of France."
bad = "Bananas are yellow when they are ripe."
scores = [float(score) for score in model.predict([(query, good), (query, bad)])]
assert ("torch" in sys.modules) is {torch}, "torch in sys.modules"
assert "transformers" not in sys.modules
print(*scores)
"""


def run(*command: object, **environment: str) -> str:
    """The command's output, outside the source tree, with no paths of the caller's."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "TAMIS_TORCH")}
    done = subprocess.run(
        [str(part) for part in command],
        env={**kept, **environment},
        cwd=environment.get("HOME", "/"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(folder: Path, *options: str, build_dir: str, **environment: str) -> Path:
    """The wheel, made from the checkout."""
    run(
        sys.executable, "-m", "pip", "wheel", ROOT, "--no-deps", "--quiet", "--wheel-dir", folder,
        "-C", f"build-dir={ROOT / 'build' / build_dir}", *options, **environment,
    )  # fmt: skip
    (wheel,) = folder.glob("tamis-*.whl")
    return wheel


def build_here(folder: Path, torch: bool) -> Path:
    """With what the tests' environment has, torch or none."""
    define = f"cmake.define.TAMIS_TORCH={'ON' if torch else 'OFF'}"
    return build(folder, "--no-build-isolation", "-C", define, build_dir="packaging")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_here(tmp_path_factory.mktemp("wheel"), torch=False)


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """The interpreter of a new environment with the wheel and what it requires."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    # NumPy's first version is promised too, and has names of its own.
    run(python, "-m", "pip", "install", "--quiet", wheel, *OLD_NUMPY)
    return python


def score(python: Path, model: str | None = None, arguments: str = "", torch: bool = False):
    code = SCORE.format(model=model, arguments=arguments, torch=torch)
    return [float(value) for value in run(python, "-c", code).split()]


def installed(python: Path) -> Path:
    code = "import importlib.util as u; print(u.find_spec('tamis').submodule_search_locations[0])"
    return Path(run(python, "-c", code).strip())


def shared_objects(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.so"))


def exported_symbols(module: Path) -> list[str]:
    lines = run("nm", "-D", "-C", "--defined-only", module).splitlines()
    return [line.split(maxsplit=2)[2] for line in lines if len(line.split(maxsplit=2)) == 3]


def test_the_wheel_holds_what_it_should_and_no_more(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for expected in (
        "tamis/__init__.py", "tamis/py.typed", "tamis/_native.pyi",
        "tamis/models/default/model.safetensors", "tamis/models/default/vocab.txt",
        "tamis/models/tiny/model.safetensors", "tamis/models/tiny/vocab.txt",
        "tamis/demo/data/abstracts.jsonl.gz", "tamis/demo/data/README.md",
    ):  # fmt: skip
        assert expected in names
    assert modules_of(wheel) == WITHOUT_TORCH
    assert not [n for n in names if n.endswith((".a", ".hpp", ".cmake", ".pyc"))]


def modules_of(wheel: Path) -> list[str]:
    names = zipfile.ZipFile(wheel).namelist()
    return sorted(name.split("/")[1].split(".")[0] for name in names if name.endswith(".so"))


def test_pip_builds_it_in_an_environment_of_its_own(tmp_path):
    """What `pip install .` does: the build's requirements come from pyproject.toml."""
    assert modules_of(build(tmp_path, build_dir="packaging-isolated")) == WITHOUT_TORCH


def test_it_requires_numpy_alone(wheel):
    archive = zipfile.ZipFile(wheel)
    (metadata,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
    lines = archive.read(metadata).decode().splitlines()
    required = [
        line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line
    ]
    assert [line.split()[1].split(">")[0] for line in required] == ["numpy"]


def test_the_multilingual_wheel_carries_its_weights(tmp_path):
    """As `make multilingual` does, from a copy of its folder."""
    folder = tmp_path / "multilingual"
    source = ROOT / "python" / "multilingual"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("model", "build", "*.egg-info"))
    run(sys.executable, folder / "make_weights.py")
    run(sys.executable, "-m", "pip", "wheel", folder, "--no-deps", "--quiet", "-w", tmp_path)
    (wheel,) = tmp_path.glob("tamis_multilingual-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "tamis_multilingual/py.typed" in names
    for name in ("config.json", "model.safetensors", "sentencepiece.bpe.model"):
        assert f"tamis_multilingual/model/{name}" in names
    version = (ROOT / "include/tamis/version.hpp").read_text()
    assert f'"{wheel.name.split("-")[1]}"' in version


def test_a_pair_is_scored_where_there_is_no_torch(python):
    good, bad = score(python)
    assert good > bad


def test_the_native_module_links_no_torch_and_shows_no_symbols(python):
    modules = shared_objects(installed(python))
    assert [module.name.split(".")[0] for module in modules] == WITHOUT_TORCH
    libraries = run("ldd", modules[0])
    for stranger in (
        "torch",
        "c10",
        "sentencepiece",
        "protobuf",
        "utf8proc",
        "curl",
        "libpq",
        "sqlite",
        "not found",
    ):
        assert stranger not in libraries
    symbols = exported_symbols(modules[0])
    assert "PyInit__native" in symbols
    assert not [s for s in symbols if "sentencepiece" in s or "google::protobuf" in s]


def test_the_command_is_installed(python):
    assert run(python.parent / "tamis", "--version").startswith("tamis ")


def test_the_demo_runs_where_there_is_no_torch(python):
    out = run(python, "-X", "utf8", "-m", "tamis.demo", "--seconds", "4")
    for expected in ("nDCG@10", "pairs/s", "reranked + 0.3 BM25", "longer than the model reads"):
        assert expected in " ".join(out.split())


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The default model with its TorchScript program, exported by the environment of the tests."""
    folder = tmp_path_factory.mktemp("bundle") / "default"
    code = (
        "import importlib.resources as r; from tamis.export import export_model; "
        f"export_model(str(r.files('tamis') / 'models' / 'default'), {str(folder)!r})"
    )
    run(sys.executable, "-c", code, PYTHONPATH=os.environ.get("PYTHONPATH", ""))
    return folder


def test_a_bundle_needs_no_torch_either(python, bundle):
    assert score(python, str(bundle)) == pytest.approx(score(python), abs=1e-4)


def test_without_torch_torchscript_is_refused_with_what_to_install(python, bundle):
    code = f"""
from tamis import CrossEncoder, Error
try:
    CrossEncoder({str(bundle)!r}, scorer="torchscript")
except (Error, ImportError) as error:
    print(error)
"""
    assert "tamis[torch]" in run(python, "-c", code)


def test_with_torch_the_same_pair_scores_the_same_through_torchscript(
    python, bundle, tmp_path_factory
):
    before = score(python)
    wheel = build_here(tmp_path_factory.mktemp("torch_wheel"), torch=True)
    run(python, "-m", "pip", "install", "--quiet", TORCH)
    run(python, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", wheel)
    assert score(python) == before
    script = score(python, str(bundle), "scorer='torchscript'", torch=True)
    assert script == pytest.approx(before, abs=1e-4)

    modules = shared_objects(installed(python))
    assert [module.name.split(".")[0] for module in modules] == [*WITHOUT_TORCH, "_torch"]
    for module in modules:
        assert not [
            s for s in exported_symbols(module) if "sentencepiece" in s or "google::protobuf" in s
        ]
    *others, torch = (run("ldd", module) for module in modules)
    assert not [other for other in others if "torch" in other]
    assert "/torch/lib/libtorch_cpu.so" in torch
