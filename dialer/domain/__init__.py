"""The rules of the revisit, with no I/O. `docs/rules.md` is their text; docstrings cite its sections."""
