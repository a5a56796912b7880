"""The panel that counts which classes are taken for which."""
