"""The page of files: what opens and what is saved, as the registry says, and how large it may be."""

from __future__ import annotations

from nnviz.core import limits
from nnviz.core.limits import Limit
from nnviz.document.recovery import data_folder
from nnviz.files.errors import install_line
from nnviz.files.on_disk import KEPT
from nnviz.files.registry import FORMATS, Format, kinds
from nnviz.ui.help.page import Section

ROWS: Section = (
    "Rows",
    (
        (
            "File → Load rows from CSV",
            "takes a table of any kind; where its columns are not the network's, it asks",
        ),
        ("a first line of names", "says which column is which, in any order and with others between"),
        (
            "a CSV file opened, or dropped on the window",
            "is loaded too; Ctrl+V in the data table pastes numbers",
        ),
        ("File → Export rows", "writes them as CSV, raw as a table has them, with predictions and errors"),
    ),
)
OTHERS: Section = (
    "Other people's files",
    (
        ("activations that a file does not say", "are asked for once, and can be changed under the headings"),
        ("what a kind of file cannot keep", "is told before it is saved"),
        (".pt, .pth, .pkl, .joblib", "are programs, and are never opened; the refusal says the safe way"),
    ),
)


def files() -> tuple[Section, ...]:
    """Return the sections of the page."""
    from nnviz.files.motion.kinds import KINDS as FILMS  # which takes long
    from nnviz.ui.pictures.drawing import KINDS

    saves = kinds()
    formats = tuple((each.name, _told(each, saves.get(each.name, ()))) for each in FORMATS)
    pictures = tuple((name, f"File → Export picture, {', '.join(ends)}") for name, ends in KINDS.items())
    films = tuple(
        (name, f"File → Export walk or Export training, {', '.join(ends)}") for name, ends in FILMS.items()
    )
    packages = " and ".join(sorted({install_line(each.extra) for each in FORMATS if each.extra}))
    kept = (
        ("name.json" + KEPT, "the version before the first save of a session, beside the file"),
        (str(data_folder()), "copies of unsaved work, offered at the next start, and the log"),
    )
    return (
        ("Networks", (*formats, ("the packages that some need", f"are installed by {packages}"))),
        OTHERS,
        ROWS,
        ("Pictures", pictures),
        ("Films", films),
        ("What nnviz keeps", kept),
        ("Limits: more is refused in a sentence", _limits()),
    )


def _told(form: Format, saves: tuple[str, ...]) -> str:
    saving = f"; saves {', '.join(saves)}" if saves else ""
    needs = "; needs packages" * bool(form.extra)
    return f"opens {', '.join(form.suffixes)}{saving}{needs}"


def _limits() -> tuple[tuple[str, str], ...]:
    """Return every limit there is, by what it is for."""
    return tuple(
        (limit.what, f"at most {limit.most:,} {limit.things}")
        for limit in vars(limits).values()
        if isinstance(limit, Limit)
    )
