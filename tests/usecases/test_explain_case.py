"""At the side: what a case waits for is said in words, wherever it stands."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from dialer.domain.case import POOL, CaseState
from dialer.domain.phone import PhoneStatus
from dialer.usecases.explain_case import explain
from tests.builders import a_case, at
from tests.usecases.site import Site


@pytest.mark.parametrize("state", [state for state in CaseState if state not in POOL])
async def test_a_case_outside_the_pool_says_in_two_languages_what_it_waits_for(site: Site, state: CaseState) -> None:
    async with site.storage.read() as work:
        explanation = await explain(work, replace(a_case(), state=state), site.rulebook, at(10))
    assert re.fullmatch(r"[^A-Z]+ · [^·]+", explanation.headline)


async def test_a_round_that_is_over_names_its_problem_and_not_a_code(site: Site) -> None:
    case = await site.a_case_is_due()
    async with site.storage.begin() as work:
        for phone in await work.policies.phones(case.holder_id):
            await work.policies.save_phone(replace(phone, status=PhoneStatus.VACANT))
    async with site.storage.read() as work:
        explanation = await explain(work, case, site.rulebook, at(10))
    assert re.fullmatch(r"本轮结束，转回访不成功（[^A-Z]+） · the round is over: [a-z ]+", explanation.headline)
