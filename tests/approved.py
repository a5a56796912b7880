"""Texts that people see, approved once: a change of words is a diff of one text file.

The texts of tests/ui/test_walk.py stand in tests/ui/walk.txt, each below a line `=== title`. A test compares
with `approved("title", text)`; `pytest --approve tests/ui/test_walk.py` writes what the tests see.
"""

from pathlib import Path

MARK = "=== "


def read(path: Path) -> dict[str, str]:
    """Return the texts of a file by their titles."""
    if not path.exists():
        return {}
    sections = ("\n" + path.read_text("utf-8")).split("\n" + MARK)[1:]
    return {title: text.strip("\n") for title, _, text in (section.partition("\n") for section in sections)}


def write(path: Path, texts: dict[str, str]) -> None:
    """Write the texts, sorted by title."""
    sections = [f"{MARK}{title}\n{text}\n" for title, text in sorted(texts.items())]
    path.write_text("\n".join(sections), "utf-8")


def file_of(test: Path) -> Path:
    """Return the file with the approved texts of a test module."""
    return test.with_name(test.stem.removeprefix("test_") + ".txt")


class Approved:
    """Compares texts with the approved ones; the test's temporary folder stands in them as TMP."""

    def __init__(self, test: Path, tmp_path: Path, writes: bool):
        self._path, self._tmp_path, self._writes = file_of(test), str(tmp_path), writes

    def __call__(self, title: str, text: str | dict[str, str]) -> None:
        """Compare a text, or lines by their names, with the approved text."""
        if isinstance(text, dict):
            text = "\n".join(f"{name}: {line}".rstrip() for name, line in text.items())
        text = str(text).replace(self._tmp_path, "TMP").strip("\n")
        texts = read(self._path)
        if self._writes:
            write(self._path, texts | {title: text})
        else:
            assert title in texts, (
                f"{self._path.name} has no text {title!r}; pytest --approve adds it:\n{text}"
            )
            assert text == texts[title], f"{title!r} is another text than {self._path.name} has"
