"""The OpenAPI document is true: schemathesis asks everything it says may be asked, rightly and wrongly."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok

from dialer.console.api import ENDPOINTS
from dialer.console.api.openapi import document
from tests.builders import at
from tests.console.desk import Console
from trials.extracts import a_row

CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            # what the document can't say: a day after today, a number nobody can dial, a range beyond the sound's end
            "positive_data_acceptance": {"expected-statuses": ["2xx", 404, 409, 416, 422]},
        }
    }
)
SCHEMA = schemathesis.openapi.from_dict(document(ENDPOINTS), config=CONFIG)
FOUND = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]
OPERATIONS = {operation.label: operation for operation in FOUND}
ASKED = settings(
    max_examples=12, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def _wrong_too(operation: APIOperation) -> bool:
    """Whether it takes anything that could be wrong."""
    return bool(operation.path_parameters or operation.query or operation.body)


ASKINGS = [
    (label, mode)
    for label, operation in sorted(OPERATIONS.items())
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or _wrong_too(operation)
]


@pytest.mark.parametrize(("label", "mode"), ASKINGS, ids=lambda each: str(getattr(each, "value", each)))
async def test_the_api_does_what_its_document_says(console: Console, core, label: str, mode: GenerationMode) -> None:
    operation = OPERATIONS[label]
    console.site.now = at(19)
    await core.ask("POST", "/policies", a_row())
    base_url, headers = str(console.server.make_url("")), {"Authorization": f"Bearer {core.token}"}

    @ASKED
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        case.call_and_validate(base_url=base_url, headers=headers, timeout=30)

    await asyncio.to_thread(ask)


def test_every_operation_is_named_once_and_every_body_has_its_model() -> None:
    told: dict[str, Any] = document(ENDPOINTS)
    operations = [operation for path in told["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names)) == len(OPERATIONS) == len(ENDPOINTS)
    assert "PolicyRow" in told["components"]["schemas"]
