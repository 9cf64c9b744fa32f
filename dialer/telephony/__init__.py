"""Phone systems: each an adapter of `dialer.ports.Telephony`; they know each other not."""
