"""The demonstration's policies: the same for the same seed, of every kind, and readable by the real import."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path

import pytest

from dialer.demo.casting import SPECIAL
from dialer.demo.population import DEPARTMENT, Population, make_population
from dialer.domain.holder import Gender
from dialer.domain.phone import PhoneKind, PhoneNumber
from dialer.domain.policy import Channel, Design, InsuranceClass, PayMode, Term, TermKind
from dialer.domain.policy_entry import PolicyEntry
from dialer.domain.province import XINJIANG
from dialer.domain.user import Role
from dialer.importing import PolicyFile
from dialer.usecases.look_at_tickets import destinations
from tests.builders import a_ticket, a_user

START = date(2026, 9, 22)


@pytest.fixture(scope="module")
def sixty() -> Population:
    return make_population(60, 7, START)


@pytest.fixture(scope="module")
def entries(sixty: Population, tmp_path_factory: pytest.TempPathFactory) -> list[PolicyEntry]:
    path: Path = tmp_path_factory.mktemp("extract") / "policies.csv"
    sixty.write(path)
    read = list(PolicyFile.open(path).entries())
    assert all(isinstance(each, PolicyEntry) and not each.notices for each in read), read
    return [each for each in read if isinstance(each, PolicyEntry)]


def test_the_same_seed_makes_the_same_people_and_another_makes_others():
    assert make_population(60, 7, START) == make_population(60, 7, START)
    assert make_population(60, 7, START).rows != make_population(60, 8, START).rows


def test_the_import_takes_every_row(sixty: Population, entries: list[PolicyEntry]):
    assert [each.policy.policy_no for each in entries] == list(sixty.personas)


@pytest.mark.parametrize(
    ("of", "every"),
    [("channel", Channel), ("design", Design), ("insurance_class", InsuranceClass), ("pay_mode", PayMode)],
)
def test_sixty_policies_show_every_kind(entries: list[PolicyEntry], of: str, every: type[StrEnum]):
    assert {getattr(each.policy, of) for each in entries} == set(every)


def test_sixty_policies_show_every_term_of_a_year_and_more_and_the_far_west(entries: list[PolicyEntry]):
    assert {each.policy.term.kind for each in entries} == set(TermKind) - {TermKind.MONTHS, TermKind.DAYS}
    assert XINJIANG in {each.policy.province for each in entries}


def test_a_product_is_sold_for_the_time_that_its_name_says(entries: list[PolicyEntry]):
    for policy in (each.policy for each in entries):
        assert ("终身" in policy.product_name) == (policy.term.kind is TermKind.WHOLE_LIFE), policy.product_name
        if "一年期" in policy.product_name:
            assert policy.term == Term(TermKind.YEARS, 1)


def test_a_name_goes_with_the_salutation(entries: list[PolicyEntry]):
    """No 孙国女士 and no 朱霞桂先生: what a man is called no woman is."""
    called: dict[Gender, set[str]] = {Gender.MALE: set(), Gender.FEMALE: set()}
    for holder in (each.holder for each in entries):
        called[holder.gender] |= set(holder.name.full[1:])
    assert min(map(len, called.values())) > 5
    assert not called[Gender.MALE] & called[Gender.FEMALE]


def test_sixty_policies_have_every_problem_and_half_have_none(sixty: Population):
    played = {each.name for each in sixty.personas.values()}
    assert {each.name for each in SPECIAL[:30]} <= played
    assert 25 <= sum(each.clean for each in sixty.personas.values()) <= 32


def test_every_number_is_in_the_carriers_directory(sixty: Population, entries: list[PolicyEntry]):
    dialled = {number.national for each in entries for _, number in each.phones}
    found = {PhoneNumber.parse(number).national for number in sixty.new_numbers.values()}
    assert dialled | found <= set(sixty.directory)


def test_some_policies_have_something_of_their_own(entries: list[PolicyEntry]):
    mobiles = [number for each in entries for kind, number in each.phones if kind is PhoneKind.MOBILE]
    holders = [each.holder.id_no for each in entries]
    staff = {each.salesperson_phone for each in entries} - {None}
    assert sum(each.policy.receipt_date is None for each in entries) == 2
    assert len(holders) - len(set(holders)) == 1, "one holder has two policies"
    assert len(mobiles) - len(set(mobiles)) == 2, "that one, and a couple with one number"
    assert len(staff & set(mobiles)) == 1
    assert sum(each.cancelled_on is not None for each in entries) == 1
    assert sum(not each.policy.insured_is_holder for each in entries) == 2


def test_every_ticket_can_be_forwarded_to_its_county_and_the_first_to_a_department(entries: list[PolicyEntry]):
    l3, clerk = a_user(role=Role.L3_HANDLER), a_user(login="dept", name="dept", role=Role.DEPT_CLERK, org=DEPARTMENT)
    offered = [
        destinations([clerk], l3, a_ticket(org=f"{each.policy.province}/{each.policy.city}/{each.policy.county}"))
        for each in entries
    ]
    assert all(places and places[0].org.count("/") == 2 for places in offered)
    numbers = [{number for _, number in each.phones} for each in entries]
    first = next(at for at, each in enumerate(entries) if each.salesperson_phone in numbers[at])
    assert [each.people for each in offered[first]] == [(), ("dept",)]


def test_no_receipt_is_from_the_future_and_some_run_out_soon(entries: list[PolicyEntry]):
    received = [each.policy.receipt_date for each in entries if each.policy.receipt_date]
    assert max(received) < START
    assert min((START - day).days for day in received) == 1
    assert max((START - day).days for day in received) == 13


def test_people_are_hidden_in_text_forms(sixty: Population):
    assert sixty.rows[0]["mobile"] not in repr(sixty)
