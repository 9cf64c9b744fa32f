"""An Asterisk's configuration: the files of `config/asterisk` with their at-signed words filled in."""

from __future__ import annotations

import re
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from dialer.domain.errors import DialerError
from dialer.telephony.asterisk.certificate import make_certificate

APP = "dialer"
USER = "dialer"
_WORD = re.compile(r"@([A-Z_]+)@")
_SECRET_BYTES = 24
_DEFAULTS = "acl ccss features pjproject stasis udptl websocket_client"  # missed by Asterisk when absent


class ConfigurationIncomplete(DialerError):
    """A configuration file asks for a word that nobody gave."""

    code = "CONFIGURATION_INCOMPLETE"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The passwords of one installation; never shown."""

    ari: str
    ami: str

    def __repr__(self) -> str:
        return "Secrets(…)"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where one Asterisk listens on its interface."""

    sip: int
    http: int
    ami: int
    rtp_start: int
    rtp_end: int
    sip_tls: int
    https: int


@dataclass(frozen=True, slots=True)
class Folders:
    """Where one Asterisk finds its parts and keeps its things."""

    config: Path
    modules: Path
    data: Path
    state: Path
    spool: Path
    run: Path
    log: Path

    @classmethod
    def under(cls, home: Path, modules: Path, data: Path) -> Folders:
        """All that is its own under one folder."""
        own = (home / name for name in ("state", "spool", "run", "log"))
        return cls(home / "etc", modules, data, *own)

    @property
    def cel(self) -> Path:
        """Its channel event log."""
        return self.log / "cel-custom" / "dialer.csv"


def install(
    templates: Path, folders: Folders, ports: Ports, carrier: str, *, bind: str, rtp_timeout: int = 30,
    carrier_ca: Path | None = None, dialers: Sequence[str] = (), kept: Secrets | None = None,
) -> Secrets:  # fmt: skip
    """Write the configuration, readable by its owner only, with `kept` secrets or new ones.

    `bind` is the address of one interface, `carrier` the trunk's host:port. With `carrier_ca`, a file of authorities'
    certificates, the trunk is encrypted (TLS and SRTP) and its certificate must be signed by one of them.
    `dialers` are the addresses of those on other machines.

    Raises ConfigurationIncomplete when a file asks for an unknown word.
    """
    made = kept or Secrets(secrets.token_urlsafe(_SECRET_BYTES), secrets.token_urlsafe(_SECRET_BYTES))
    words = {
        "BIND": bind, "NAME": f"dialer-{ports.sip}", "RTP_TIMEOUT": str(rtp_timeout),
        "DIALERS": ",".join(f"{address}/32" for address in (bind, *dialers)),
        "ICE_OFFERED": "0.0.0.0/0.0.0.0" if ip_address(bind).is_loopback else f"{bind}/255.255.255.255",
        "CARRIER": carrier, "CARRIER_HOST": carrier.rpartition(":")[0] or carrier,
        "ARI_SECRET": made.ari, "AMI_SECRET": made.ami,
        **_trunk(carrier_ca),
        "SIP_PORT": str(ports.sip), "HTTP_PORT": str(ports.http), "AMI_PORT": str(ports.ami),
        "SIP_TLS_PORT": str(ports.sip_tls), "HTTPS_PORT": str(ports.https),
        "RTP_START": str(ports.rtp_start), "RTP_END": str(ports.rtp_end),
        "CONFIG": str(folders.config), "MODULES": str(folders.modules), "DATA": str(folders.data),
        "STATE": str(folders.state), "SPOOL": str(folders.spool), "RUN": str(folders.run), "LOG": str(folders.log),
    }  # fmt: skip
    for folder in (folders.spool, folders.run, folders.cel.parent, folders.state / "keys"):
        folder.mkdir(parents=True, exist_ok=True)
    folders.config.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_certificate(folders.config / "tls", bind)
    for template in sorted(templates.glob("*.conf")):
        _write(folders.config / template.name, filled(template, words))
    for name in _DEFAULTS.split():
        _write(folders.config / f"{name}.conf", "; Asterisk's own defaults\n")
    return made


def _trunk(carrier_ca: Path | None) -> dict[str, str]:
    """The words of a trunk in the clear, or of an encrypted one."""
    names = "CARRIER_TRANSPORT", "CARRIER_MEDIA", "CARRIER_PARAMETERS", "CARRIER_VERIFIED", "CARRIER_CA"
    if carrier_ca is None:
        return dict(zip(names, ("udp", "no", "", "no", ""), strict=True))
    return dict(zip(names, ("tls", "sdes", r"\;transport=tls", "yes", str(carrier_ca)), strict=True))


def _write(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text)


def keep_secrets(secrets: Secrets, file: Path) -> None:
    """Write the secrets for the dialer's settings, readable by their owner only."""
    _write(file, f'ari_secret = "{secrets.ari}"\nami_secret = "{secrets.ami}"\n')


def read_secrets(file: Path) -> Secrets:
    """The secrets that `keep_secrets` wrote. Raises ConfigurationIncomplete."""
    try:
        kept = tomllib.loads(file.read_text())
        return Secrets(kept["ari_secret"], kept["ami_secret"])
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise ConfigurationIncomplete(f"no secrets of Asterisk in {file}: {type(error).__name__}") from error


def filled(template: Path, words: Mapping[str, str]) -> str:
    """A file's text with its words filled in. Raises ConfigurationIncomplete."""

    def word(found: re.Match[str]) -> str:
        try:
            return words[found[1]]
        except KeyError:
            raise ConfigurationIncomplete(f"{template}: nobody gave @{found[1]}@") from None

    return _WORD.sub(word, template.read_text())
