"""The dialling loop: paces, places and follows calls, serves the desks, seals the sound."""

from dialer.engine.engine import Engine, EngineParts

__all__ = ["Engine", "EngineParts"]
