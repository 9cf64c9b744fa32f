"""What every real phone system does, and the simulated one can't show: who hears whom, over real SIP and RTP."""

from __future__ import annotations

from dialer.demo.carrier import HowItEnded
from dialer.domain.call import CallId
from tests.telephony.rigs import ANSWERS, AsteriskRig, PjsuaRig, ended, pause, seated, talk

CALL = CallId("call-1")
Real = AsteriskRig | PjsuaRig


async def test_the_agent_hears_the_customer_within_a_quarter_of_a_second_and_each_other_after(real: Real):
    await seated(real, "s1")
    await talk(real)
    await real.telephony.hang_up(CALL)
    await ended(real, "call-1")
    await real.carrier.idle()
    (call,) = real.carrier.calls_to(ANSWERS)
    assert call.answered_at
    assert await real.phones["s1"].sound_after(call.answered_at) - call.answered_at < 0.25
    assert call.loud_packets_received > 10
    assert call.how is HowItEnded.CALLER_HUNG_UP


async def test_the_agents_leg_is_silent_but_alive_between_calls(real: Real):
    await seated(real, "s1")
    await talk(real, seconds=0.3)
    await real.telephony.hang_up(CALL)
    await ended(real, "call-1")
    await pause(real, 0.3)
    before, packets = real.phones["s1"].loud_packets, real.phones["s1"].packets
    await pause(real, 0.5)
    assert real.phones["s1"].loud_packets == before
    assert real.phones["s1"].packets > packets + 10
