"""The embedded phone system: pjsua2, one worker process per seat.

The library holds four calls a process and can abort it, so a seat has a process of its own: the agent's leg, the
customer's, a listener's and one to spare. A crash costs one call. `adapter` is the parent's side, `worker` the child's.
"""

from dialer.telephony.pjsua.adapter import PjsuaTelephony

__all__ = ["PjsuaTelephony"]
