"""A telephone network for demonstration, training and tests: simulated people on real SIP and RTP."""

from dialer.demo.carrier.phone import AgentPhone
from dialer.demo.carrier.simulator import CallRecord, CarrierSimulator, HowItEnded

__all__ = ["AgentPhone", "CallRecord", "CarrierSimulator", "HowItEnded"]
