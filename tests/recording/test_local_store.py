import resource

import pytest

from dialer.domain.errors import NotFound
from dialer.ports import StoreFailed, StoreFull
from dialer.recording.local_store import LocalStore

KEY = "2026/09/18/c-1/talk.ogg"


@pytest.fixture
def no_room():
    """The kernel refuses to write more than 100 kB to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(b"s" * 200_000)
    return path


def all_files(store: LocalStore) -> list[str]:
    return sorted(str(path.relative_to(store._root)) for path in store._root.rglob("*") if path.is_file())


async def test_nothing_but_the_object_remains_after_a_put(store, source):
    await store.put(KEY, source)

    assert all_files(store) == [KEY]


async def test_no_room_is_said_clearly_and_loses_nothing(store, source, tmp_path, request):
    small = tmp_path / "small"
    small.write_bytes(b"small")
    await store.put("a/small.ogg", small)
    request.getfixturevalue("no_room")

    with pytest.raises(StoreFull, match=f"{KEY}: no room"):
        await store.put(KEY, source)
    with pytest.raises(NotFound):
        await store.head(KEY)
    assert all_files(store) == ["a/small.ogg"]
    assert len(source.read_bytes()) == 200_000


async def test_a_put_after_room_was_made_succeeds(store, source, request):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    request.getfixturevalue("no_room")
    with pytest.raises(StoreFull):
        await store.put(KEY, source)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await store.put(KEY, source)

    assert (await store.head(KEY)).size_bytes == 200_000


async def test_what_a_killed_writer_left_is_never_seen_and_is_cleared_by_the_next_try(store, source):
    folder = store._root / "2026/09/18/c-1"
    folder.mkdir(parents=True)
    (folder / f".talk.ogg.{'0' * 32}.part").write_bytes(b"half")

    with pytest.raises(NotFound):
        await store.get(KEY)
    await store.put(KEY, source)
    assert all_files(store) == [KEY]


async def test_a_store_that_can_not_be_made_says_so(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StoreFailed, match="can't be made: Not a directory"):
        LocalStore(tmp_path / "file" / "sealed")


async def test_head_sees_damage_on_the_disk(store, source):
    await store.put(KEY, source)
    before = await store.head(KEY)
    path = store._root / KEY
    path.write_bytes(b"x" + path.read_bytes()[1:])

    assert (await store.head(KEY)).sha256 != before.sha256
