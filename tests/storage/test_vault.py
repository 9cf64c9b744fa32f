from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dialer.storage.vault import KeyUnusable, Vault, load_or_make_key


def test_what_is_sealed_can_be_opened_and_never_looks_the_same(vault: Vault):
    one, other = vault.seal("王小明"), vault.seal("王小明")

    assert one != other
    assert vault.open(one) == vault.open(other) == "王小明"


def test_one_changed_bit_is_noticed(vault: Vault):
    sealed = bytearray(vault.seal("13812345678"))
    sealed[-1] ^= 1

    with pytest.raises(KeyUnusable):
        vault.open(bytes(sealed))


def test_equal_texts_are_found_with_the_same_key_only():
    key, other = Vault(b"a" * 32), Vault(b"b" * 32)

    assert key.digest("+8613812345678") == Vault(b"a" * 32).digest("+8613812345678")
    assert key.digest("+8613812345678") != other.digest("+8613812345678")


def test_the_key_is_made_once_however_many_begin_together(tmp_path: Path):
    path = tmp_path / "data.key"

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(load_or_make_key, [path] * 24))

    assert len(keys) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("content", ["", "not hexadecimal", "abcd"])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: str):
    path = tmp_path / "data.key"
    path.write_text(content)

    with pytest.raises(KeyUnusable, match="is not a data key"):
        load_or_make_key(path)
