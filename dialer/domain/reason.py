"""Why a number is not dialled now, or a case later or no longer: a closed vocabulary for people and `dialer why`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """One reason; `zh` is for people, `en` beside it."""

    # the case may not be dialled at all
    NO_RECEIPT = "NO_RECEIPT"
    NOT_IN_FORCE = "NOT_IN_FORCE"
    FROZEN = "FROZEN"
    WAIVER_OPEN = "WAIVER_OPEN"
    PROVINCE_UNKNOWN = "PROVINCE_UNKNOWN"
    CALENDAR_MISSING = "CALENDAR_MISSING"
    TIME_ZONE_MISSING = "TIME_ZONE_MISSING"
    CALL_UNFINISHED = "CALL_UNFINISHED"
    # the number may not be dialled at all
    STATUS_UNKNOWN = "STATUS_UNKNOWN"
    NUMBER_DEAD = "NUMBER_DEAD"
    NUMBER_WRONG = "NUMBER_WRONG"
    NUMBER_BLOCKED = "NUMBER_BLOCKED"
    DO_NOT_CALL = "DO_NOT_CALL"
    STAFF_NUMBER = "STAFF_NUMBER"
    NUMBER_SPENT = "NUMBER_SPENT"
    # not now
    APPOINTMENT_PENDING = "APPOINTMENT_PENDING"
    OUTSIDE_HOURS = "OUTSIDE_HOURS"
    LUNCH = "LUNCH"
    APPOINTMENT_PAST = "APPOINTMENT_PAST"
    AFTER_LAST_DAY = "AFTER_LAST_DAY"
    PUBLIC_HOLIDAY = "PUBLIC_HOLIDAY"
    NO_CAMPAIGN_DAY = "NO_CAMPAIGN_DAY"
    FIRST_ATTEMPT_DAY = "FIRST_ATTEMPT_DAY"
    SPACING = "SPACING"
    SAME_DAYPART = "SAME_DAYPART"
    ONCE_A_DAY = "ONCE_A_DAY"
    CONFIRMATION_GAP = "CONFIRMATION_GAP"
    PATTERN = "PATTERN"
    DAY_LIMIT = "DAY_LIMIT"
    LIMIT_24H = "LIMIT_24H"
    LIMIT_5MIN = "LIMIT_5MIN"
    FAULTS_IN_A_ROW = "FAULTS_IN_A_ROW"
    NO_OPENING = "NO_OPENING"
    # the round is over
    NO_NUMBER = "NO_NUMBER"
    NUMBERS_USED_UP = "NUMBERS_USED_UP"
    RETRIES_USED_UP = "RETRIES_USED_UP"
    ATTEMPTS_USED_UP = "ATTEMPTS_USED_UP"
    ATTEMPTS_COMPLETE = "ATTEMPTS_COMPLETE"
    LAST_RESORT = "LAST_RESORT"
    # the outcome itself decides
    OUTCOME = "OUTCOME"
    # people or programs are at it
    PREVIEWED = "PREVIEWED"
    GIVEN_BACK = "GIVEN_BACK"
    SCRIPT_MISSING = "SCRIPT_MISSING"
    SCRIPT_UNFILLED = "SCRIPT_UNFILLED"
    EREVISIT_OFFERED = "EREVISIT_OFFERED"
    PROOF_MISSING = "PROOF_MISSING"
    NOT_REFUSED = "NOT_REFUSED"

    @property
    def zh(self) -> str:
        """For the people who use it."""
        return _TEXTS[self][0]

    @property
    def en(self) -> str:
        """The same in English."""
        return _TEXTS[self][1]


_TEXTS = {
    Reason.NO_RECEIPT: ("回执未录入", "no receipt entered"),
    Reason.NOT_IN_FORCE: ("保单已失效或撤销", "the policy is not in force"),
    Reason.FROZEN: ("案件已冻结", "the case is frozen"),
    Reason.WAIVER_OPEN: ("免回访待审", "a waiver is being decided"),
    Reason.PROVINCE_UNKNOWN: ("省份代码不明", "the province is unknown"),
    Reason.CALENDAR_MISSING: ("工作日历未载入", "the working-day calendar of a year is not loaded"),
    Reason.TIME_ZONE_MISSING: ("时间缺少时区", "a time has no time zone"),
    Reason.CALL_UNFINISHED: ("有通话尚未出结果", "a call has no outcome yet"),
    Reason.STATUS_UNKNOWN: ("号码状态不明", "the number's status is unknown"),
    Reason.NUMBER_DEAD: ("号码为空号或停机", "the number is vacant or suspended"),
    Reason.NUMBER_WRONG: ("错号", "the number is somebody else's"),
    Reason.NUMBER_BLOCKED: ("号码已停用", "the number is blocked"),
    Reason.DO_NOT_CALL: ("机主要求不再致电", "the number's user asked not to be called"),
    Reason.STAFF_NUMBER: ("疑为业务员或员工号码", "the number is a salesperson's or staff's"),
    Reason.NUMBER_SPENT: ("本轮该号码重拨次数已用完", "this number's retries of the round are used up"),
    Reason.APPOINTMENT_PENDING: ("未到预约时间", "the appointment is later"),
    Reason.OUTSIDE_HOURS: ("不在外呼时段", "outside dialling hours"),
    Reason.LUNCH: ("午间休息时段", "lunch break"),
    Reason.APPOINTMENT_PAST: ("预约时间已过", "the time has passed"),
    Reason.AFTER_LAST_DAY: ("预约晚于犹豫期末日", "after the free-look's last day"),
    Reason.PUBLIC_HOLIDAY: ("法定节假日", "public holiday"),
    Reason.NO_CAMPAIGN_DAY: ("除夕至初二不外呼", "no campaigns on this day"),
    Reason.FIRST_ATTEMPT_DAY: ("首拨日未到", "the first attempt's day has not come"),
    Reason.SPACING: ("距上次拨打间隔不足", "too soon after the last call"),
    Reason.SAME_DAYPART: ("应换时段再拨", "the same part of the day as the last call"),
    Reason.ONCE_A_DAY: ("此类结果当日不再拨打", "not again on the same day after this outcome"),
    Reason.CONFIRMATION_GAP: ("空号/停机复核间隔不足", "a dead number is confirmed later"),
    Reason.PATTERN: ("须换日、换时段或晚间/周末拨打", "must fall on another day, part of the day, evening or weekend"),
    Reason.DAY_LIMIT: ("该号码当日拨打已达上限", "the number's calls of the day are used up"),
    Reason.LIMIT_24H: ("该号码24小时拨打已达上限", "the number's calls of 24 hours are used up"),
    Reason.LIMIT_5MIN: ("该号码5分钟拨打已达上限", "the number's calls of 5 minutes are used up"),
    Reason.FAULTS_IN_A_ROW: ("连续系统故障，暂停", "several faults of ours in a row"),
    Reason.NO_OPENING: ("近期无可拨时段", "no dialling window in sight"),
    Reason.NO_NUMBER: ("无电话", "no number on file"),
    Reason.NUMBERS_USED_UP: ("号码均不可用", "no number is left to dial"),
    Reason.RETRIES_USED_UP: ("重拨次数已用完", "the retries after this outcome are used up"),
    Reason.ATTEMPTS_USED_UP: ("本轮拨打次数已达上限", "the round's attempts are used up"),
    Reason.ATTEMPTS_COMPLETE: ("已按规定次数和时段拨打未果", "the required attempts were made in vain"),
    Reason.LAST_RESORT: ("犹豫期将满仍未联系上", "not reached, and the free-look is about to end"),
    Reason.OUTCOME: ("按通话结果处理", "the call's outcome decides"),
    Reason.PREVIEWED: ("坐席预览中", "an agent reads it before dialling"),
    Reason.GIVEN_BACK: ("坐席预览后退回", "given back by the agent who read it"),
    Reason.SCRIPT_MISSING: ("没有适用的话术", "there is no script for it"),
    Reason.SCRIPT_UNFILLED: ("话术缺少变量", "script variables without a value"),
    Reason.EREVISIT_OFFERED: (
        "电子化回访 48 小时内未完成则回到电话队列",
        "dialled again if the e-revisit is not done in time",
    ),
    Reason.PROOF_MISSING: ("结案证据未齐", "proof is missing"),
    Reason.NOT_REFUSED: ("质检复核：客户未拒访", "quality heard no refusal"),
}


@dataclass(frozen=True, slots=True)
class Why:
    """What a case waits for: reasons, and what somebody or something said about them.

    A record keeps it as `SPACING LUNCH` or `SCRIPT_UNFILLED: DEMO-PAR premium_text`; what is kept in no such form is
    shown as it stands.
    """

    reasons: tuple[Reason, ...] = ()
    about: str = ""

    def __str__(self) -> str:
        codes = " ".join(self.reasons)
        return f"{codes}: {self.about}" if codes and self.about else codes or self.about

    @classmethod
    def read(cls, kept: str) -> Why:
        """What a record kept."""
        codes, _, about = kept.partition(": ")
        known = codes.split()
        if known and all(code in Reason.__members__ for code in known):
            return cls(tuple(map(Reason, known)), about)
        return cls(about=kept)

    @property
    def zh(self) -> str:
        """For the people who use it."""
        return "：".join(filter(None, ("；".join(each.zh for each in self.reasons), self.about)))

    @property
    def en(self) -> str:
        """The same in English."""
        return ": ".join(filter(None, ("; ".join(each.en for each in self.reasons), self.about)))

    @property
    def both(self) -> str:
        """In both languages, where nobody has chosen one."""
        return f"{self.zh} · {self.en}" if self.reasons else self.about


UNSAID = Why()
