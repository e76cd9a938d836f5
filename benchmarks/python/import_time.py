"""Time `import tamis`, and a cold process up to its first score with the embedded model."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

PROGRAMS = {
    "python alone": "pass",
    "import numpy": "import numpy",
    "import tamis": "import tamis",
    "first score": "import tamis; tamis.CrossEncoder().predict([('a query', 'a passage')])",
}
ROUNDS = 9


def milliseconds(program: str) -> float:
    """Wall time of a new interpreter that runs `program`."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return 1e3 * (time.perf_counter() - start)


def main() -> None:
    """Interleave the programs and print medians; each includes starting the interpreter."""
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(ROUNDS):
        for name, program in PROGRAMS.items():
            times[name].append(milliseconds(program))
    for name, taken in times.items():
        print(f"{name:14} {statistics.median(taken):7.0f} ms  ({min(taken):.0f}–{max(taken):.0f})")


if __name__ == "__main__":
    main()
