"""Policies and what changes of them come in over HTTP, by the very rules of a file."""

from __future__ import annotations

from datetime import date

import pytest

from dialer.console.api.sent import PolicyRow
from dialer.domain.api_token import Scope
from dialer.domain.case import CaseState
from dialer.importing.columns import COLUMNS
from dialer.ports.topics import DISPATCH
from tests.builders import at
from tests.console.desk import Console
from trials.extracts import a_row, a_short_row


@pytest.fixture(autouse=True)
def evening(console: Console) -> None:
    console.site.now = at(19)


async def _case(console: Console, policy_no: str = "P000000001"):
    async with console.site.storage.read() as work:
        return await work.cases.of_policy(policy_no)


def test_a_sent_policy_has_the_very_fields_of_a_file() -> None:
    assert set(PolicyRow.model_fields) == {column.field for column in COLUMNS}
    required = {name for name, field in PolicyRow.model_fields.items() if field.is_required()}
    assert required == {column.field for column in COLUMNS if column.required}


async def test_a_policy_comes_in_and_gets_its_deadlines(console: Console, core) -> None:
    status, told = await core.ask("POST", "/policies", a_row())
    assert (status, told) == (
        200, {"row": 1, "policy_no": "P000000001", "result": "new", "refused": [], "left_out": []},
    )  # fmt: skip
    case = await _case(console)
    assert (case.state, case.revisit_last_day) == (CaseState.READY, date(2026, 10, 3))
    async with console.site.storage.read() as work:
        [created] = await work.cases.history(case.id)
    assert (created.actor, created.detail["file"]) == ("api:core", "api:core")


async def test_the_same_policy_twice_changes_nothing(console: Console, core) -> None:
    await core.ask("POST", "/policies", a_row())
    status, told = await core.ask("POST", "/policies", a_row())
    assert (status, told["result"]) == (200, "unchanged")
    async with console.site.storage.read() as work:
        assert len(await work.cases.history((await _case(console)).id)) == 1


async def test_a_refused_policy_says_which_field_and_why_in_both_languages(console: Console, core) -> None:
    status, told = await core.ask("POST", "/policies", a_row(premium="free", id_no="350102198001010012"))
    assert (status, told["code"]) == (422, "POLICY_REFUSED")
    faults = {fault["field"]: fault for fault in told["errors"]}
    assert set(faults) == {"premium", "id_no"}
    assert (faults["premium"]["code"], faults["premium"]["zh"]) == ("VALUE_INVALID", "不是金额，如 12000.00")
    assert "350102198001010012" not in str(told)
    assert await _case(console) is None


async def test_a_batch_keeps_the_good_rows_and_tells_the_bad(console: Console, core) -> None:
    await core.ask("POST", "/policies", a_row(1))
    rows = [a_row(1), a_row(2), a_row(3, term="soon"), a_row(4, mobile="12"), a_row(1, premium="1"), a_short_row(5)]
    status, told = await core.ask("POST", "/policies/batch", {"policies": rows})
    assert status == 200
    results = [(each["row"], each["result"], [fault["code"] for fault in each["refused"]]) for each in told["results"]]
    assert results == [
        (1, "unchanged", []),
        (2, "new", []),
        (3, "refused", ["VALUE_INVALID"]),
        (4, "new", []),
        (5, "refused", ["POLICY_TWICE"]),
        (6, "new", []),
    ]
    assert [fault["code"] for fault in told["results"][3]["left_out"]] == ["PHONE_INVALID"]
    assert told["results"][4]["refused"][0]["field"] == "policy_no"
    assert told["counts"] == {"new": 3, "changed": 0, "unchanged": 1, "refused": 2}


async def test_a_changed_policy_is_told_as_changed(core) -> None:
    await core.ask("POST", "/policies", a_row())
    _, told = await core.ask("POST", "/policies", a_row(premium="13000"))
    assert told["result"] == "changed"


async def test_what_is_no_such_request_is_refused_as_a_whole(console: Console, core) -> None:
    rows = [a_row(1), a_row(2) | {"premiun": "12"}]
    status, told = await core.ask("POST", "/policies/batch", {"policies": rows})
    assert (status, told["code"]) == (400, "REQUEST_INVALID")
    assert [(fault["field"], fault["zh"]) for fault in told["errors"]] == [("policies.1.premiun", "未知的字段")]
    assert await _case(console) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"policies": []}', '{"policies": [{}]}'])
async def test_a_body_that_is_no_batch_is_refused(core, content: str) -> None:
    headers = {"Authorization": f"Bearer {core.token}", "Content-Type": "application/json"}
    response = await core.client.post("/api/v1/policies/batch", data=content, headers=headers)
    assert (response.status, response.content_type) == (400, "application/problem+json")


async def test_a_form_is_no_json(core) -> None:
    headers = {"Authorization": f"Bearer {core.token}"}
    response = await core.client.post("/api/v1/policies", data={"policy_no": "P1"}, headers=headers)
    assert response.status == 415


async def test_five_hundred_and_one_policies_are_too_many(core) -> None:
    rows = [a_row(number) for number in range(501)]
    status, told = await core.ask("POST", "/policies/batch", {"policies": rows})
    assert (status, told["errors"][0]["code"]) == (400, "TOO_LONG")


# what changes


async def test_a_receipt_makes_the_case_due_and_twice_is_once(console: Console, core) -> None:
    await core.ask("POST", "/policies", a_row(receipt_date="", receipt_entered_on=""))
    assert (await _case(console)).state is CaseState.PENDING_RECEIPT
    assert await console.signals.wait(DISPATCH, 1)
    status, told = await core.ask("PUT", "/policies/P000000001/receipt", {"receipt_date": "2026-09-18"})
    assert await console.signals.wait(DISPATCH, 1)
    assert (status, told) == (
        200,
        {
            "policy_no": "P000000001", "changed": True, "state": "READY",
            "revisit_last_day": "2026-10-03", "surrender_last_day": "2026-10-08",
        },
    )  # fmt: skip
    _, again = await core.ask("PUT", "/policies/P000000001/receipt", {"receipt_date": "2026-09-18"})
    assert (again["changed"], again["state"]) == (False, "READY")
    assert not await console.signals.wait(DISPATCH, 0)


async def test_an_old_extract_does_not_take_the_receipt_back(console: Console, core) -> None:
    without = a_row(receipt_date="", receipt_entered_on="")
    await core.ask("POST", "/policies", without)
    await core.ask("PUT", "/policies/P000000001/receipt", {"receipt_date": "2026-09-18"})
    _, told = await core.ask("POST", "/policies", without)
    assert told["result"] == "unchanged"
    async with console.site.storage.read() as work:
        assert (await work.policies.get("P000000001")).policy.receipt_date == date(2026, 9, 18)


@pytest.mark.parametrize(("day", "code"), [("2026-09-19", "RECEIPT_IN_FUTURE"), ("2026-09-15", "DATES_CONTRADICT")])
async def test_an_impossible_receipt_is_refused(core, day: str, code: str) -> None:
    await core.ask("POST", "/policies", a_row(receipt_date="", receipt_entered_on=""))
    status, told = await core.ask("PUT", "/policies/P000000001/receipt", {"receipt_date": day})
    assert (status, told["code"]) == (422, code)


async def test_a_cancellation_closes_the_case_and_twice_is_once(console: Console, core) -> None:
    await core.ask("POST", "/policies", a_row())
    sent = {"cancelled_on": "2026-09-18"}
    _, told = await core.ask("PUT", "/policies/P000000001/cancellation", sent)
    assert (told["changed"], told["state"]) == (True, "CLOSED_CANCELLED")
    _, again = await core.ask("PUT", "/policies/P000000001/cancellation", sent)
    assert again["changed"] is False


async def test_a_contact_change_adds_the_number_and_twice_is_once(console: Console, core) -> None:
    await core.ask("POST", "/policies", a_row())
    sent = {"mobile": "１３９ 0000 0001", "address": "福州市鼓楼区"}
    _, told = await core.ask("PATCH", "/policies/P000000001/contact", sent)
    assert told["changed"] is True
    _, again = await core.ask("PATCH", "/policies/P000000001/contact", sent)
    assert again["changed"] is False
    async with console.site.storage.read() as work:
        policy = await work.policies.get("P000000001")
        phones = await work.policies.phones(policy.holder.id)
    assert [phone.number.national for phone in phones] == ["13800000001", "13900000001"]
    assert (phones[1].source, policy.holder.address) == ("POLICY_SERVICE", "福州市鼓楼区")


async def test_a_number_that_can_not_be_dialled_changes_nothing(core) -> None:
    await core.ask("POST", "/policies", a_row())
    status, told = await core.ask("PATCH", "/policies/P000000001/contact", {"mobile": "123", "address": "x"})
    assert (status, told["code"]) == (422, "PHONE_INVALID")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/policies/P9999/receipt", {"receipt_date": "2026-09-18"}),
        ("PUT", "/policies/P9999/cancellation", {"cancelled_on": "2026-09-18"}),
        ("PATCH", "/policies/P9999/contact", {}),
        ("GET", "/cases/P9999", None),
    ],
)
async def test_a_policy_that_is_not_there_is_not_found(core, method: str, path: str, body) -> None:
    status, told = await core.ask(method, path, body)
    assert (status, told["code"], told["zh"]) == (404, "NOT_FOUND", told["zh"])


async def test_a_policy_number_may_have_a_slash(core) -> None:
    await core.ask("POST", "/policies", a_row(policy_no="P2026/0001"))
    status, told = await core.ask("GET", "/cases/P2026%2F0001")
    assert (status, told["policy_no"]) == (200, "P2026/0001")


# a part of the organisation


async def test_a_provinces_program_neither_brings_in_nor_takes_over_anothers_policies(console, core, hire) -> None:
    await core.ask("POST", "/policies", a_row(1, province="44", city="4401"))
    fujian = await hire(name="fujian", org="35")
    rows = [a_row(1), a_row(2), a_row(3, province="44", city="4401")]
    _, told = await fujian.ask("POST", "/policies/batch", {"policies": rows})
    assert [each["result"] for each in told["results"]] == ["refused", "new", "refused"]
    assert told["results"][0]["refused"][0]["code"] == "OUT_OF_SCOPE"
    status, _ = await fujian.ask("PUT", "/policies/P000000001/cancellation", {"cancelled_on": "2026-09-18"})
    assert status == 404
    assert (await _case(console)).org == "44/4401"


# idempotency keys


async def test_a_request_sent_again_under_its_key_gets_its_answer_again(core) -> None:
    first = await core.send("POST", "/policies", a_row(), **{"Idempotency-Key": "k-1"})
    again = await core.send("POST", "/policies", a_row(), **{"Idempotency-Key": "k-1"})
    assert (await again.json()) == (await first.json())
    assert (await again.json())["result"] == "new"
    assert (again.headers["Idempotency-Replayed"], "Idempotency-Replayed" in first.headers) == ("true", False)


async def test_a_key_belongs_to_one_request_and_to_one_token(core, hire) -> None:
    await core.ask("POST", "/policies", a_row(), **{"Idempotency-Key": "k-1"})
    status, told = await core.ask("POST", "/policies", a_row(2), **{"Idempotency-Key": "k-1"})
    assert (status, told["code"]) == (422, "IDEMPOTENCY_KEY_USED")
    other = await hire(name="other")
    status, told = await other.ask("POST", "/policies", a_row(2), **{"Idempotency-Key": "k-1"})
    assert (status, told["result"]) == (200, "new")


async def test_a_refused_request_leaves_its_key_free(core) -> None:
    status, _ = await core.ask("POST", "/policies", a_row(premium="x"), **{"Idempotency-Key": "k-1"})
    assert status == 422
    status, _ = await core.ask("POST", "/policies", a_row(), **{"Idempotency-Key": "k-1"})
    assert status == 200


async def test_a_request_under_work_is_not_worked_on_twice_until_its_worker_is_given_up(console, core) -> None:
    site = console.site
    sent = {"receipt_date": "2026-09-18"}
    await core.ask("POST", "/policies", a_row(receipt_date="", receipt_entered_on=""))
    await core.ask("PUT", "/policies/P000000001/receipt", sent, **{"Idempotency-Key": "k-1"})
    async with site.storage.begin() as work:
        [token] = await work.tokens.all()
        await work.tokens.keep_answer(token.id, "k-1", None, "")  # as if it had been killed in between
    response = await core.send("PUT", "/policies/P000000001/receipt", sent, **{"Idempotency-Key": "k-1"})
    assert (response.status, response.headers["Retry-After"]) == (409, "1")
    site.later(minutes=6)
    status, told = await core.ask("PUT", "/policies/P000000001/receipt", sent, **{"Idempotency-Key": "k-1"})
    assert (status, told["changed"]) == (200, False)


async def test_a_key_is_forgotten_after_a_day(console, core) -> None:
    await core.ask("POST", "/policies", a_row(), **{"Idempotency-Key": "k-1"})
    console.site.later(hours=25)
    status, told = await core.ask("POST", "/policies", a_row(2), **{"Idempotency-Key": "k-1"})
    assert (status, told["result"]) == (200, "new")


async def test_only_the_scope_that_is_named_opens(hire) -> None:
    reader = await hire(Scope.CASES_READ)
    status, told = await reader.ask("POST", "/policies", a_row())
    assert (status, told["code"]) == (403, "SCOPE_MISSING")
