"""What a csv's bytes mean: UTF-8 (with or without a mark) or GB18030, proved over the whole file first."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from dialer.domain.errors import DialerError

_CHUNK = 1 << 20
_SAMPLE = 1 << 16
_COMMON_SHARE = 0.6
"""The share of GB 2312's characters in real Chinese text is nearly 1; in another encoding's bytes, about a third."""


class EncodingWrong(DialerError):
    """The file is not in the encoding it seems to be in; nothing was imported, so that no garbled name is stored."""

    code = "ENCODING_WRONG"


def csv_encoding(path: Path) -> str:
    """`utf-8-sig` or `gb18030`, whichever the whole file is valid in.

    Raises:
        EncodingWrong: neither fits, with the line and byte where it stops to fit; or the file is UTF-16 or binary.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise EncodingWrong(f"{path}: 是 UTF-16，请另存为“CSV UTF-8” · UTF-16: save it as “CSV UTF-8”")
    encoding = "utf-8-sig" if _is_utf8(sample) else "gb18030"
    _prove(path, encoding)
    if encoding == "gb18030" and _looks_foreign(sample):
        raise EncodingWrong(
            f"{path}: 不是 UTF-8，按 GB18030 读出的是乱码，请另存为“CSV UTF-8”"
            " · not UTF-8, and gibberish as GB18030: save it as “CSV UTF-8”"
        )
    return encoding


def _is_utf8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=len(sample) < _SAMPLE)
    except UnicodeDecodeError:
        return False
    return True


def _prove(path: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    line, offset = 1, 0
    for chunk, last in _chunks(path):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(chunk, final=last)
        except UnicodeDecodeError as error:
            line += chunk[: max(error.start - pending, 0)].count(b"\n")
            raise _wrong(path, encoding, line, max(offset + error.start - pending, 0)) from error
        if (nul := chunk.find(b"\0")) >= 0:
            line += chunk[:nul].count(b"\n")
            raise EncodingWrong(
                f"{path}: 第 {line} 行有空字节，不是文本文件 · line {line}: a NUL byte, so no text file"
            )
        line += chunk.count(b"\n")
        offset += len(chunk)


def _wrong(path: Path, encoding: str, line: int, byte: int) -> EncodingWrong:
    seems = "UTF-8" if encoding.startswith("utf-8") else "UTF-8 或 GB18030"
    also = "UTF-8" if encoding.startswith("utf-8") else "UTF-8 or GB18030"
    return EncodingWrong(
        f"{path}: 第 {line} 行（第 {byte} 字节）不是有效的 {seems}，请另存为“CSV UTF-8”"
        f" · line {line} (byte {byte}) is not valid {also}: save it as “CSV UTF-8”"
    )


def _chunks(path: Path) -> Iterator[tuple[bytes, bool]]:
    with path.open("rb") as file:
        chunk = file.read(_CHUNK)
        while chunk:
            following = file.read(_CHUNK)
            yield chunk, not following
            chunk = following


def _looks_foreign(sample: bytes) -> bool:
    text = codecs.getincrementaldecoder("gb18030")().decode(sample, final=False)
    characters = [character for character in text if not character.isascii()]
    common = sum(_in_gb2312(character) for character in characters)
    return bool(characters) and common < _COMMON_SHARE * len(characters)


def _in_gb2312(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
