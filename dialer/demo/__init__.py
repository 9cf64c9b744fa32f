"""The demonstration: a simulated world around the real dialer. It stands above the engine and is imported by none."""
