"""File formats of other programs, one module each, imported when such a file is opened or saved."""
