"""The window around the panels: commands, menus, dialogs, what is remembered."""
