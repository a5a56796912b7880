"""Other people's formats, one module each: imported when a file of theirs is opened or saved."""
