"""The window around the panels: its commands, menus, toolbar, status bar and session."""
