"""The sentences with which a table of cases is refused."""


def refusals(cases, kind=ValueError):
    """Return a line `name: sentence` for each case, name → function, all of which raise `kind`."""
    lines, taken = [], []
    for name, make in cases.items():
        try:
            taken.append(f"{name}: {make()}")
        except kind as error:
            lines.append(f"{name}: {error}")
    assert not taken, taken
    return "\n".join(lines)
