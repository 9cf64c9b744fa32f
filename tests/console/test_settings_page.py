"""The page of settings: all of them, what they mean, and no secret."""

from __future__ import annotations

from dialer.console.administration.settings_page import lines
from dialer.domain.user import Role
from dialer.settings import Settings


async def test_every_setting_is_shown_with_its_meaning(log_in) -> None:
    boss = await log_in(Role.ADMIN, login="boss")
    text = await (await boss.get("/settings")).text()
    for found in lines(Settings()).values():
        for each in found:
            assert f"<code>{each.key}</code>" in text, each.key
    assert "主叫号码：官方号码，不得轮换" in text
    assert "config/dialer.toml" in text


def test_a_changed_setting_stands_out_and_a_password_does_not() -> None:
    given = Settings.model_validate(
        {
            "storage": {"url": "postgresql+asyncpg://dialer:s3cret@db/dialer"},
            "dial": {"per_number_day": 3},
            "provinces": {"44": {"minimum_rate": "0.5"}},
            "asterisk": {"nodes": [{"name": "north", "url": "http://n:1", "ami": "n:2", "cel": "/n"}, {}]},
        }
    )
    found = {each.key: each for section in lines(given).values() for each in section}
    assert found["storage.url"].value == "postgresql+asyncpg://dialer:•••@db/dialer"
    assert (found["dial.per_number_day"].changed, found["dial.per_number_day"].default) == (True, "2")
    assert not found["dial.ring_seconds"].changed
    assert found["provinces.44.minimum_rate"].value == "0.5"
    assert found["asterisk.nodes[1].name"].changed
    assert not found["asterisk.nodes[2].name"].changed
    assert "s3cret" not in str(found)
