"""The site of the use cases' tests, which the end of a demonstration is told in."""

from tests.usecases.conftest import site

__all__ = ["site"]
