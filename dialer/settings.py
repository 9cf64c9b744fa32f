"""Typed settings, read from one TOML file (config/dialer.toml is the complete, commented example).

A key that is not known is an error that names the nearest one: a misspelt limit must never become its default.
"""

from __future__ import annotations

import difflib
import tomllib
from datetime import time
from decimal import Decimal
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from dialer.domain.errors import DialerError
from dialer.domain.preview import PreviewReason
from dialer.domain.webhook import Announcement


class SettingsInvalid(DialerError):
    """The settings file can't be used; every fault is listed with its key."""

    code = "SETTINGS_INVALID"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Company(_Section):
    """What the scripts call us."""

    name: str = "示例人寿"
    hotline: str = "955XX"


class Paths(_Section):
    """Where things are; relative paths are relative to the working folder."""

    calendars: Path = Path("config/calendars")
    products: Path = Path("config/products")
    scripts: Path = Path("scripts")
    spool: Path = Path("recordings/spool")
    sealed: Path = Path("recordings/sealed")
    attachments: Path = Path("recordings/attachments")
    data_key: Path = Path("var/data.key")


class StorageSettings(_Section):
    """The database: `sqlite+aiosqlite:///var/dialer.db` or `postgresql+asyncpg://user@host/dialer`."""

    url: str = "sqlite+aiosqlite:///var/dialer.db"


class PhoneSystem(StrEnum):
    """What places the calls: the embedded SIP engine, or an Asterisk."""

    PJSUA = "pjsua"
    ASTERISK = "asterisk"


class TelephonySettings(_Section):
    """The phone system."""

    engine: PhoneSystem = PhoneSystem.PJSUA
    carrier: str = Field("127.0.0.1:5070", description="host:port of the SIP trunk; Asterisk has its own in pjsip.conf")
    caller_id: str = "95500"
    bind: str = "127.0.0.1"
    max_seats: int = Field(20, ge=1, le=1000)


class AsteriskNodeSettings(_Section):
    """One Asterisk, on this machine or another (docs/asterisk.md)."""

    name: str = Field("asterisk", pattern=r"^[\w-]+$", description="for people and logs")
    url: str = Field("http://127.0.0.1:8088", pattern=r"^https?://[^/]+$", description="its web server, without a path")
    ami: str = Field("127.0.0.1:5038", pattern=r"^.+:\d+$", description="host:port of the witness")
    secrets: Path = Path("/etc/asterisk/dialer.secrets.toml")
    cel: Path = Path("/var/log/asterisk/cel-custom/dialer.csv")
    spool: str = Field("", description="what our spool is called on its side; empty: the same")
    fetch: bool = Field(default=False, description="no shared spool: sound is fetched; `spool` is its recording folder")
    capacity: int = Field(120, ge=1, description="recorded calls at a time")
    websocket: str = Field(
        "", pattern=r"^(wss?://[\w.\[\]:-]+/\S*)?$", description="where agents' browsers register; empty: none may"
    )
    browsers: Path = Path("/etc/asterisk/agents.secrets.toml")

    @field_validator("fetch")
    @classmethod
    def _from_somewhere(cls, fetch: bool, others: ValidationInfo) -> bool:  # noqa: FBT001  # pydantic's signature
        """ARI gives only what lies in Asterisk's folder of recordings: written elsewhere, sound would be lost."""
        if fetch and not others.data.get("spool"):
            raise ValueError("spool must be Asterisk's folder of recordings, such as /var/spool/asterisk/recording")
        return fetch


class AsteriskSettings(_Section):
    """The Asterisks that `telephony.engine = "asterisk"` uses; seats and calls are spread over them by capacity."""

    app: str = Field("dialer", pattern=r"^[\w-]+$", description="one name a dialer, where several share an Asterisk")
    nodes: tuple[AsteriskNodeSettings, ...] = Field((AsteriskNodeSettings(),), min_length=1)

    @field_validator("nodes")
    @classmethod
    def _told_apart(cls, nodes: tuple[AsteriskNodeSettings, ...]) -> tuple[AsteriskNodeSettings, ...]:
        """Two nodes of one name would share their open orders; two of one address would cut each other off."""
        for key in ("name", "url", "ami", "cel"):
            said = [str(getattr(node, key)) for node in nodes]
            if twice := sorted({each for each in said if said.count(each) > 1}):
                raise ValueError(f"several nodes have the {key} {', '.join(twice)}: each needs its own")
        return nodes


class DialSettings(_Section):
    """When a number may be called (rules §7.4, §9.1, §13)."""

    start: time = time(9, 0)
    end: time = time(20, 30)
    lunch_start: time = time(12, 0)
    lunch_end: time = time(14, 0)
    ring_seconds: float = Field(45.0, ge=1)
    per_number_day: int = Field(2, ge=1, le=5)
    preview_for: tuple[PreviewReason, ...] = Field((), description="cases an agent reads before they are dialled")
    preview_seconds: float = Field(60.0, ge=10, description="how long such a case waits for its agent")
    preview_elderly_from: int = Field(60, ge=1)


class RecordingSettings(_Section):
    """What a recording must be before a case may close on it (rules §5.9, §13)."""

    min_seconds: float = Field(60.0, ge=1)
    length_tolerance_seconds: float = Field(2.0, ge=0.1)
    min_free_mb: int = Field(500, ge=1, description="below this much room on the spool no call is placed")


class TicketSettings(_Section):
    """Transfer tickets (rules §5.5, §5.6, §13)."""

    working_days: int = Field(2, ge=1)
    extraction_at: time = time(16, 0)
    max_rounds: int = Field(3, ge=1)
    l2_redial_types: tuple[str, ...] = ("CONTRACT_NOT_RECEIVED", "LIABILITY_UNCLEAR")
    reply_min_chars: int = 30
    reply_banned: tuple[str, ...] = (
        "已回复", "已查询", "已处理", "已转某部门跟进", "已结案", "已联系", "客户已清楚",
    )  # fmt: skip
    attachment_max_mb: int = Field(10, ge=1, le=200, description="a larger scan or photograph is refused")
    attachments_max: int = Field(20, ge=1, description="papers a ticket")


class ProvinceSettings(_Section):
    """What a province demands beyond the national rules (rules §4.1); shares from 0 to 1."""

    short_term_sample_rate: Decimal = Field(Decimal(0), ge=0, le=1)
    minimum_rate: Decimal = Field(Decimal(0), ge=0, le=1)


class ConsoleSettings(_Section):
    """The web console."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    secure_cookies: bool = False
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="reverse proxies whose X-Forwarded-For is believed; empty: nobody's"
    )


class ApiSettings(_Section):
    """The HTTP API of other systems (docs/api.md), on the console's port."""

    requests_per_minute: int = Field(600, ge=1, description="for each token, in each console process")


class WebhookSettings(_Section):
    """Messages to the core system (docs/api.md); the engine's process sends them."""

    url: str = Field("", pattern=r"^(https?://\S+)?$", description="where they are posted; empty: none are made")
    secret: Path = Path("var/webhooks.secret")
    events: tuple[Announcement, ...] = tuple(Announcement)
    timeout_seconds: float = Field(10.0, gt=0, le=30, description="how long the core system may take to answer")


class EngineSettings(_Section):
    """The dialling loop. These two are real seconds, whatever the clock says."""

    lease_seconds: float = Field(5.0, gt=0)
    wrap_up_seconds: float = Field(45.0, ge=1, description="the target agents see; nothing is cut off")


class Settings(_Section):
    """Everything a site decides."""

    company: Company = Company()
    paths: Paths = Paths()
    storage: StorageSettings = StorageSettings()
    telephony: TelephonySettings = TelephonySettings()
    asterisk: AsteriskSettings = AsteriskSettings()
    dial: DialSettings = DialSettings()
    recording: RecordingSettings = RecordingSettings()
    tickets: TicketSettings = TicketSettings()
    provinces: dict[Annotated[str, Field(pattern=r"^\d{2}$")], ProvinceSettings] = {}
    console: ConsoleSettings = ConsoleSettings()
    api: ApiSettings = ApiSettings()
    webhooks: WebhookSettings = WebhookSettings()
    engine: EngineSettings = EngineSettings()


def load_settings(path: Path) -> Settings:
    """Read a settings file.

    Raises:
        SettingsInvalid: the file is missing, is not TOML, or has unknown keys or impossible values.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsInvalid(f"找不到设置文件 {path} · settings file not found") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{path}: 不是有效的 TOML · not valid TOML: {error}") from error
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        faults = "\n".join(f"  {_explain(fault)}" for fault in error.errors())
        raise SettingsInvalid(f"{path}: 设置有误 · settings are wrong:\n{faults}") from error


def _explain(fault: ErrorDetails) -> str:
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] != "extra_forbidden":
        return f"{where} = {fault['input']!r}: {fault['msg']}"
    known = _keys_beside(fault["loc"])
    nearest = difflib.get_close_matches(str(fault["loc"][-1]), known, n=1)
    hint = f"; 是否应为 · did you mean {nearest[0]}?" if nearest else f"; known: {', '.join(sorted(known))}"
    return f"{where}: 未知的设置项 · unknown key{hint}"


def _keys_beside(location: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        if field is not None:  # a node's number or a province's code is none: it leads no further in
            model = _section_in(field.annotation)
    return list(model.model_fields)


def _section_in(annotation: object) -> type[BaseModel]:
    """The section that a field is, or holds many of."""
    among = (annotation, *get_args(annotation))
    return next(each for each in among if isinstance(each, type) and issubclass(each, BaseModel))
