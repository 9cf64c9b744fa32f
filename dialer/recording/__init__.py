"""From a recorder's raw sound to a sealed recording: read and repair, encode, store, verify."""
