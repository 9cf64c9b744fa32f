"""One policy's whole life through the front door: command line, browser's HTTP, real SIP and sound, real files.

Imported, dialled, interviewed, recorded and sealed; the customer says that the signature is not theirs: a ticket,
its answer, a second call, and only then closed. The chapters it goes through are listed in `dialer/usecases`.
"""

from __future__ import annotations

import asyncio
import csv
from datetime import date, datetime
from pathlib import Path

import pytest

from dialer.demo.carrier.phone import AgentPhone
from dialer.demo.carrier.simulator import CarrierSimulator
from tests.builders import at
from tests.journeys.findings import case_states
from tests.journeys.premises import Desk, Premises, until
from tests.journeys.worlds import World, in_worlds

pytestmark = [pytest.mark.sip, pytest.mark.slow]

NUMBER = "13800138000"
FRIDAY, MONDAY = date(2026, 9, 18), date(2026, 9, 21)
POLICY = {
    "保单号": "P202609170001", "渠道": "个险", "设计类型": "分红", "险种类别": "寿险", "保险期间": "终身",
    "险种代码": "DEMO-PAR",
    "险种名称": "示例终身寿险（分红型）", "交费方式": "年交", "交费期间": "10年", "保费": "12000",
    "承保日期": "2026-09-14", "生效日期": "2026-09-15", "省份": "广东省", "城市": "广州市", "区县": "越秀区",
    "回执日期": "2026-09-17", "回执录入日期": "2026-09-17", "投保人": "王建国", "证件号码": "11010519491231002X",
    "联系地址": "广东省广州市越秀区", "手机": NUMBER, "业务员代码": "S001", "业务员": "李业务",
}  # fmt: skip


def write_policies(folder: Path) -> Path:
    file = folder / "policies.csv"
    with file.open("w", encoding="utf-8", newline="") as target:
        rows = csv.DictWriter(target, POLICY)
        rows.writeheader()
        rows.writerow(POLICY)
    return file


async def interview(desk: Desk, **instead: str):
    """Sit down, wait for the customer, ask everything, say goodbye, wrap up."""
    await desk.until("SEATED")
    await desk.do("/desk/ready")
    await desk.until("TALKING")
    done = await desk.answer_everything(instead)
    await desk.long_enough()
    await desk.hang_up(done)
    await desk.until("WRAP_UP")
    await desk.do("/desk/wrap-up", note="")
    return done


async def until_state(premises: Premises, state: str, now: datetime) -> None:
    """Wait for the case to get there; `dialer why` then says so."""
    await until(lambda: case_states(premises) == [state])
    _, printed = await premises.run(now, "why", POLICY["保单号"])
    assert state in printed


@in_worlds("sqlite-pjsua", "postgres-asterisk")
async def test_one_policy_from_the_file_to_its_proof(tmp_path: Path, world: World):
    async with (
        CarrierSimulator() as carrier,
        AgentPhone("agent1") as phone,
        world.asterisk(tmp_path / "asterisk", carrier.address) as asterisk,
    ):
        premises = Premises.at(tmp_path, carrier, world.new_records(tmp_path), asterisk)
        await premises.create(at(8, day=FRIDAY), "agent1", "CC_AGENT", "--phone", phone.uri)
        await premises.create(at(8, day=FRIDAY), "handler", "L3_HANDLER", "--org", "44")
        await premises.create(at(8, day=FRIDAY), "leader", "CC_LEADER", "--org", "44")
        code, printed = await premises.run(at(8, 30, day=FRIDAY), "import", str(write_policies(tmp_path)))
        assert code == 0, printed

        async with premises.serving(at(9, 30, day=FRIDAY)) as url, Desk.of(url, "agent1") as desk:
            await desk.do("/desk/sit-down")
            done = await interview(desk, M060_SIGN_HOLDER="NO")
            assert done["screen"]["outcome"] == "PROBLEM_L1"
            assert phone.loud_packets > 50, "the agent must have heard the customer"
            await until_state(premises, "L1_OPEN", at(9, 32, day=FRIDAY))
            await desk.do("/desk/stand-up")
        assert [record.number for record in carrier.log] == [NUMBER]

        async with premises.serving(at(16, 0, 30, day=FRIDAY)) as url, Desk.of(url, "handler") as desk:
            async with asyncio.timeout(20):
                while not (tickets := [t for t in (await desk.see("/tickets"))["tickets"] if t["due_at"]]):
                    await asyncio.sleep(0.1)
            assert tickets[0]["due_at"].startswith("2026-09-21T17:30")
            replied = await desk.do(
                f"/tickets/{tickets[0]['id']}/reply",
                contacted_by="陈处理",
                contacted_whom="王建国",
                contacted_at="2026-09-18T15:30",
                means="上门",
                account="到客户家中核实，客户确认投保单签名由家人代签，现场重新签署了全部投保文件并留影像。",
                customer_said="客户表示知道这份保险，愿意继续持有，也愿意再次接听回访电话。",
                done="补签投保单和投保提示书，影像已上传。",
                attachment_note="补签影像三份",
            )
            assert replied["objections"] == []

        async with premises.serving(at(10, day=MONDAY)) as url:
            async with Desk.of(url, "agent1") as desk:
                await desk.do("/desk/sit-down")
                done = await interview(desk)
                assert done["screen"]["script"] == "RD_L1_CONFIRM"
                await until_state(premises, "CLOSED_SUCCESS", at(10, 2, day=MONDAY))
                await desk.do("/desk/stand-up")
            async with Desk.of(url, "leader") as desk:
                sound = await desk.fetch("/recordings/1")
                assert sound[:4] == b"OggS"
        assert len(carrier.log) == 2

        code, printed = await premises.run(at(10, 5, day=MONDAY), "verify")
        assert code == 0, printed
        log = (tmp_path / "serve.log").read_text()
        assert NUMBER not in log
        assert POLICY["投保人"] not in log
