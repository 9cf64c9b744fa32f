"""Asterisk as the phone system: ARI commands, AMI witnesses, CEL has the last word."""

from dialer.telephony.asterisk.adapter import AsteriskTelephony, Node
from dialer.telephony.asterisk.nodes import AsteriskNodes
from dialer.telephony.asterisk.witness import AmiAddress

__all__ = ["AmiAddress", "AsteriskNodes", "AsteriskTelephony", "Node"]
