"""Policy extracts: xlsx and csv files, or rows that were sent, read into policies, and what is wrong with them.

Rules §5.1; docs/import.md, docs/api.md.

The use case takes both ends:

    source = PolicyFile.open(path)
    with ErrorFile(path) as faults:
        report = await import_policies(
            storage, signals, source, faults, clock, rulebook, by=login, seed=secrets.token_hex(16), give_way=give_way
        )
"""

from dialer.importing.columns import HeadingsUnusable
from dialer.importing.encoding import EncodingWrong
from dialer.importing.files import ErrorFile, PolicyFile
from dialer.importing.pace import give_way
from dialer.importing.sent import SentRows
from dialer.importing.tables import FileUnusable

__all__ = ["EncodingWrong", "ErrorFile", "FileUnusable", "HeadingsUnusable", "PolicyFile", "SentRows", "give_way"]
