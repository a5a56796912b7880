"""The dialogs of the window, and the pictures, films and rows that the dialogs make."""
