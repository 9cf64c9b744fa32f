import pytest

from dialer.domain.call import CallId, RecordingKind, SoundFiles
from dialer.recording.encode import OpusEncoder
from dialer.recording.local_store import LocalStore
from dialer.recording.spool import Spool
from tests.recording.sounds import RATE, write_wav


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool", min_free_bytes=1)


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "sealed")


@pytest.fixture
def encoder():
    encoder = OpusEncoder()
    yield encoder
    encoder.close()


@pytest.fixture
def record(tmp_path):
    """Write a call's raw sides, as the phone system does."""

    def write(agent=None, customer=None, call_id="c-1", kind=RecordingKind.TALK, rate=RATE):
        files = SoundFiles.of(tmp_path / "spool", CallId(call_id), kind)
        files.customer.parent.mkdir(parents=True, exist_ok=True)
        if customer is not None:
            write_wav(files.customer, customer, rate)
        if agent is not None and files.agent is not None:
            write_wav(files.agent, agent, rate)
        return files

    return write
