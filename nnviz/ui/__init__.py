"""The user interface: windows, widgets and plots."""
