"""The simulated network, spoken to in plain SIP over UDP by a caller who loses and repeats messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from dialer.demo.carrier import CarrierSimulator, HowItEnded
from dialer.demo.carrier.rtp import PCMA, alaw_frames, is_loud
from dialer.demo.carrier.sip import MessageUnreadable, parse
from dialer.domain.phone import PhoneNumber
from dialer.telephony.behaviours import Behaviour, Conduct, Directory, by_last_digits
from dialer.telephony.sound import announcement, silence, speech
from tests.demo.caller import Caller

ANSWERS, BUSY, RINGS_OUT = "13800138001", "13800138081", "13800138082"


@asynccontextmanager
async def network(**settings: Any) -> AsyncIterator[tuple[CarrierSimulator, Caller]]:
    async with Caller.on_loopback() as caller, CarrierSimulator(**settings) as carrier:
        yield carrier, caller


async def test_an_invite_sent_twice_is_one_call_and_is_answered_again():
    async with network() as (carrier, caller):
        caller.invite(carrier, BUSY)
        caller.invite(carrier, BUSY)
        await caller.until(lambda: 486 in caller.codes())
        caller.invite(carrier, BUSY)
        await caller.until(lambda: caller.codes().count(486) == 2)
        assert len(carrier.calls_to(BUSY)) == 1


async def test_a_final_response_is_repeated_until_it_is_acknowledged():
    async with network() as (carrier, caller):
        caller.invite(carrier, BUSY)
        await caller.until(lambda: caller.codes().count(486) == 3)
        caller.say("ACK", carrier.address, BUSY)
        before = caller.codes().count(486)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await caller.until(lambda: caller.codes().count(486) > before)


async def test_an_answer_is_repeated_until_it_is_acknowledged_and_sound_flows_at_once():
    async with network() as (carrier, caller):
        caller.invite(carrier, ANSWERS)
        await caller.until(lambda: caller.codes().count(200) == 2)
        await caller.until(lambda: any(is_loud(packet[12:]) for packet in caller.sound))
        assert caller.sound[0][1] & 0x7F == PCMA
        caller.say("ACK", carrier.address, ANSWERS)
        caller.say("BYE", carrier.address, ANSWERS, cseq=2)
        await caller.until(lambda: caller.heard[-1].cseq == (2, "BYE"))
        assert caller.heard[-1].status == 200
        await carrier.idle()
        (record,) = carrier.calls_to(ANSWERS)
        assert (record.how, record.caller_id) == (HowItEnded.CALLER_HUNG_UP, "95500")
        assert record.packets_sent == pytest.approx(len(caller.sound), abs=3)


async def test_a_cancelled_call_gets_both_its_answers():
    async with network() as (carrier, caller):
        caller.invite(carrier, RINGS_OUT)
        await caller.until(lambda: 180 in caller.codes())
        caller.say("CANCEL", carrier.address, RINGS_OUT)
        await caller.until(lambda: 487 in caller.codes())
        finals = [(message.status, message.cseq[1]) for message in caller.heard if message.status >= 200]
        assert finals == [(200, "CANCEL"), (487, "INVITE")]
        caller.say("ACK", carrier.address, RINGS_OUT)
    assert carrier.calls_to(RINGS_OUT)[0].how is HowItEnded.CANCELLED


async def test_a_call_cancelled_in_the_same_breath_never_rings_on():
    async with network() as (carrier, caller):
        caller.invite(carrier, RINGS_OUT)
        caller.say("CANCEL", carrier.address, RINGS_OUT)
        await caller.until(lambda: 487 in caller.codes())
        await carrier.idle()
    assert carrier.calls_to(RINGS_OUT)[0].how is HowItEnded.CANCELLED


async def test_a_customer_who_hangs_up_repeats_the_goodbye_until_it_is_heard():
    async with network(directory={ANSWERS: (Conduct(hangs_up_after_seconds=0.2),)}) as (carrier, caller):
        caller.invite(carrier, ANSWERS)
        await caller.until(lambda: 200 in caller.codes())
        caller.say("ACK", carrier.address, ANSWERS)
        await caller.until(lambda: caller.requests().count("BYE") == 2)
        assert carrier.calls_to(ANSWERS)[0].how is HowItEnded.CUSTOMER_HUNG_UP


async def test_a_full_network_says_so_and_never_busy():
    async with network(capacity=1) as (carrier, caller):
        caller.invite(carrier, RINGS_OUT, call="first")
        await caller.until(lambda: 180 in caller.codes("first"))
        caller.invite(carrier, ANSWERS, call="second")
        await caller.until(lambda: 503 in caller.codes("second"))
        refusal = next(message for message in caller.heard if message.status == 503)
        assert "full: 1 calls" in refusal["warning"]
        assert carrier.refused_over_capacity == 1
        assert carrier.calls_to(ANSWERS)[0].how is HowItEnded.OVER_CAPACITY


async def test_a_caller_that_goes_dead_frees_its_place():
    async with network() as (carrier, caller):
        caller.invite(carrier, ANSWERS)
        await caller.until(lambda: 200 in caller.codes())
        caller.say("ACK", carrier.address, ANSWERS)
        await caller.until(lambda: "BYE" in caller.requests())
        await carrier.idle()
        assert carrier.calls_to(ANSWERS)[0].how is HowItEnded.LOST


async def test_an_offer_without_a_law_is_not_acceptable():
    async with network() as (carrier, caller):
        caller.invite(carrier, ANSWERS, sdp="v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\n")
        await caller.until(lambda: 488 in caller.codes())


async def test_strays_and_unknown_dialogs_do_no_harm():
    async with network() as (carrier, caller):
        caller.transport.sendto(b"\r\n\r\n", ("127.0.0.1", int(carrier.address.split(":")[1])))
        caller.say("BYE", carrier.address, ANSWERS)
        await caller.until(lambda: 481 in caller.codes())
        assert carrier.log == []


async def test_a_port_in_use_is_an_error_at_the_start():
    async with network() as (carrier, _):
        with pytest.raises(OSError, match="in use"):
            await CarrierSimulator(port=int(carrier.address.split(":")[1])).start()


def test_numbers_go_by_their_last_digits_and_are_valid_chinese_mobiles():
    expected = dict(zip(range(81, 90), [each for each in Behaviour if each is not Behaviour.ANSWERS], strict=True))
    for last in range(100):
        number = PhoneNumber.parse(f"138001380{last:02d}").national
        assert by_last_digits(number) is expected.get(last, Behaviour.ANSWERS)


def test_a_number_in_the_directory_does_its_list_call_by_call_and_then_the_last_for_ever():
    directory = Directory({ANSWERS: (Behaviour.BUSY, Conduct(480), Behaviour.ANSWERS)})
    codes = [directory.next_conduct(ANSWERS).final_code for _ in range(5)]
    assert codes == [486, 480, 200, 200, 200]
    assert ANSWERS not in repr(directory)


@pytest.mark.parametrize(
    ("samples", "loud"), [(speech(2), True), (announcement(2), True), (silence(2), False)], ids=["voice", "SIT", "none"]
)
def test_generated_voices_are_loud_and_silence_is_not(samples, loud):
    assert any(map(is_loud, alaw_frames(samples))) is loud


def test_a_law_keeps_the_sound_within_its_precision():
    samples = np.linspace(-32768, 32767, 160 * 50).astype(np.int16)
    decoded = np.array([_linear(code) for code in b"".join(alaw_frames(samples))])
    assert np.abs(decoded - samples).max() <= np.maximum(np.abs(samples.astype(int)) / 16, 16).max()
    assert np.corrcoef(decoded, samples)[0, 1] > 0.999


def _linear(code: int) -> int:
    """G.711's own decoding, from the standard's table."""
    code ^= 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return magnitude if code & 0x80 else -magnitude


@pytest.mark.parametrize("text", [b"", b"\x80\x08", b"hello", b"INVITE sip:a@b SIP/2.0\r\nVia: x\r\n\r\n"])
def test_what_is_not_sip_is_unreadable(text):
    with pytest.raises(MessageUnreadable):
        parse(text)
