"""What every RecordingStore must do; a new store joins by its name in STORES."""

import asyncio
import hashlib

import pytest

from dialer.domain.errors import NotFound
from dialer.ports import AlreadyStored, KeyRefused, StoredObject
from dialer.recording.local_store import LocalStore

STORES = {"local": lambda folder: LocalStore(folder / "sealed")}
KEY = "2026/09/18/c-1/talk.ogg"


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    return STORES[request.param](tmp_path)


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / hashlib.sha256(content).hexdigest()
        path.write_bytes(content)
        return path

    return write


async def test_what_was_put_can_be_read_whole_and_in_ranges(store, file):
    await store.put(KEY, file(b"0123456789"))

    assert await store.get(KEY) == b"0123456789"
    assert await store.get(KEY, start=3) == b"3456789"
    assert await store.get(KEY, start=3, length=4) == b"3456"
    assert await store.get(KEY, start=8, length=100) == b"89"
    assert await store.get(KEY, start=10) == b""


async def test_head_says_size_and_checksum_of_what_is_there(store, file):
    content = b"\x00sound\xff" * 1000
    await store.put(KEY, file(content))

    assert await store.head(KEY) == StoredObject(len(content), hashlib.sha256(content).hexdigest())


async def test_putting_leaves_the_source_alone(store, file):
    source = file(b"sound")
    await store.put(KEY, source)

    assert source.read_bytes() == b"sound"


async def test_the_same_content_may_be_put_again(store, file):
    await store.put(KEY, file(b"sound"))
    await store.put(KEY, file(b"sound"))

    assert await store.get(KEY) == b"sound"


async def test_other_content_under_a_taken_key_is_refused_and_the_first_stays(store, file):
    await store.put(KEY, file(b"first"))

    with pytest.raises(AlreadyStored, match=r"talk\.ogg"):
        await store.put(KEY, file(b"other"))
    assert await store.get(KEY) == b"first"


async def test_of_two_who_put_at_once_one_wins_and_the_other_is_told(store, file):
    contents = [bytes([letter]) * 200_000 for letter in b"abcd"]
    results = await asyncio.gather(*(store.put(KEY, file(c)) for c in contents), return_exceptions=True)
    stored = await store.get(KEY)

    assert stored in contents
    assert all(isinstance(result, Exception) for c, result in zip(contents, results, strict=True) if c != stored)


async def test_what_is_not_there_is_not_found(store):
    with pytest.raises(NotFound):
        await store.get(KEY)
    with pytest.raises(NotFound):
        await store.head(KEY)


async def test_a_folder_of_objects_is_not_an_object(store, file):
    await store.put(KEY, file(b"sound"))

    with pytest.raises(NotFound):
        await store.head("2026/09/18/c-1")


async def test_deleting_removes_and_deleting_again_does_nothing(store, file):
    await store.put(KEY, file(b"sound"))
    await store.delete(KEY)
    await store.delete(KEY)

    with pytest.raises(NotFound):
        await store.get(KEY)


async def test_a_deleted_key_may_be_put_anew(store, file):
    await store.put(KEY, file(b"first"))
    await store.delete(KEY)
    await store.put(KEY, file(b"other"))

    assert await store.get(KEY) == b"other"


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../out", "a/../../out", "a//b", "a/", "./a", ".hidden", "a/.part", "a\\b", "a\0b", "a b"],
)
async def test_a_key_that_is_no_plain_relative_path_is_refused(store, file, key):
    with pytest.raises(KeyRefused):
        await store.put(key, file(b"sound"))
    with pytest.raises(KeyRefused):
        await store.get(key)
