"""The organisation on its page, and its names on others."""

from __future__ import annotations

import pytest
from aiohttp import FormData

from dialer.domain.user import Role
from tests.console.desk import Visitor

FILE = "机构路径,机构名称\n44,广东分公司\n44/4401,广州中支\n44/4401/440103,荔湾营销部\n35/3502,厦门中支\n"


@pytest.fixture
async def boss(log_in) -> Visitor:
    visitor: Visitor = await log_in(Role.ADMIN, login="boss")
    return visitor


async def _import(boss: Visitor, content: bytes) -> tuple[int, str]:
    form = FormData()
    form.add_field("csrf", boss.csrf)
    form.add_field("file", content, filename="units.csv", content_type="text/csv")
    response = await boss.client.post("/units/import", data=form)
    return response.status, await response.text()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_a_file_of_units_is_taken_and_its_bad_lines_told(boss: Visitor, encoding: str) -> None:
    status, text = await _import(boss, FILE.encode(encoding))
    assert status == 200
    assert "已导入 3 个机构" in text
    assert "第 5 行" in text
    assert "荔湾营销部" in await (await boss.get("/units?q=4401")).text()
    assert "广州中支" not in await (await boss.get("/units?q=荔湾")).text()


async def test_a_file_without_its_columns_is_refused_whole(boss: Visitor) -> None:
    status, text = await _import(boss, b"code,title\n44,GD\n")
    assert (status, "path (" in text) == (400, True)


async def test_places_are_shown_by_their_names(boss: Visitor, log_in) -> None:
    await _import(boss, FILE.encode())
    await log_in(Role.L3_HANDLER, org="44/4401", login="liqiang")
    assert "<td>广州中支</td>" in await (await boss.get("/users")).text()
    assert 'value="44/4401">广州中支</option>' in await (await boss.get("/users/liqiang")).text()


async def test_a_unit_is_entered_closed_opened_and_removed(boss: Visitor) -> None:
    assert (await boss.post("/units", unit="31", name="上海分公司")).status == 303
    for deed in ("close", "reopen", "remove"):
        assert (await boss.post("/units/change", unit="31", deed=deed)).headers["Location"] == "/units"
    assert "上海分公司" not in await (await boss.get("/units")).text()
    assert (await boss.post("/units", unit="31/3101", name="浦东")).status == 422
    assert (await boss.post("/units/change", unit="31", deed="burn")).status == 400
    assert (await boss.post("/units/change", unit="31", deed="close")).status == 404


async def test_a_unit_in_use_is_not_removed(boss: Visitor, log_in) -> None:
    await boss.post("/units", unit="44", name="广东分公司")
    await log_in(Role.QA, org="44", login="qa44")
    response = await boss.post("/units/change", unit="44", deed="remove")
    assert response.status == 422
    assert "该机构已被使用" in await response.text()
