"""What the demo prints: plain text, with bold, dim and colour where a terminal shows them."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable

_STYLES = {"bold": "1", "dim": "2", "green": "32", "red": "31", "cyan": "36"}


class Terminal:
    """Writes to standard output."""

    def __init__(self) -> None:
        self.live = sys.stdout.isatty()
        self._styled = self.live and "NO_COLOR" not in os.environ
        self.width = max(72, min(shutil.get_terminal_size((100, 24)).columns, 110))
        self._last = 0.0
        encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
        self._unicode = encoding.startswith("utf")

    def style(self, text: str, *names: str) -> str:
        if not self._styled or not names:
            return text
        return f"\033[{';'.join(_STYLES[name] for name in names)}m{text}\033[0m"

    def write(self, text: str = "", end: str = "\n") -> None:
        if not self._unicode:
            text = text.translate(_ASCII).encode("ascii", "replace").decode("ascii")
        sys.stdout.write(text + end)
        sys.stdout.flush()

    def step(self, number: int, title: str) -> None:
        self.write()
        self.write(self.style(f" {number}  {title}", "bold"))

    def say(self, text: str) -> None:
        """A paragraph, indented and wrapped."""
        line = "   "
        for word in text.split():
            if len(line) + 1 + len(word) > self.width:
                self.write(line)
                line = "   "
            line += " " + word
        self.write(line)

    def counter(self, what: str) -> Callable[[int, int], None]:
        """A `progress` of other things than pairs, which measures the time itself."""
        begin = time.monotonic()
        return lambda done, total: self.progress(done, total, time.monotonic() - begin, what)

    def progress(self, pairs: int, total: int, seconds: float, what: str = "pairs") -> None:
        """One line that is rewritten; where output is no terminal, a new line now and then."""
        now = time.monotonic()
        if pairs < total and now - self._last < (0.1 if self.live else 10.0):
            return
        self._last = now
        speed = pairs / seconds if seconds > 0 else 0.0
        left = (total - pairs) / speed if speed else 0.0
        size = 28
        filled = size * pairs // max(total, 1)
        bar = "█" * filled + "░" * (size - filled)
        text = f"    {bar} {pairs:,}/{total:,} {what} · {speed:.0f}/s · {left:.0f} s left"
        if self.live:
            self.write("\r" + self.style(text, "cyan") + "\033[K", end="")
        else:
            self.write(text)

    def end_progress(self) -> None:
        if self.live:
            self.write("\r\033[K", end="")


_ASCII = {
    ord("█"): "#", ord("░"): ".", ord("·"): "-", ord("✓"): "*", ord("…"): "~", ord("│"): "|",
    ord("─"): "-", ord("×"): "x", ord("→"): "->", ord("−"): "-", ord("±"): "+-",
    ord("“"): '"', ord("”"): '"',
}  # fmt: skip


def clip(text: str, width: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
