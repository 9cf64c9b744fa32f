"""Measurements and long trials: what is too slow, too long or too noisy for the tests."""
