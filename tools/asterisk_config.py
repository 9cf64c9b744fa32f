# ruff: noqa: INP001  # a script, not a package
"""Write an Asterisk's configuration from config/asterisk, with new secrets: `tools/asterisk_config.py --help`.

For an Asterisk of the system's own (Debian, Ubuntu, a container): the files go into its configuration folder; beside
them the secrets for the dialer's settings (`dialer.secrets.toml`), the passwords of agents' browsers
(`agents.secrets.toml`) and a self-signed certificate (`tls/`). A configuration that is there is left, unless `--renew`
asks to write it anew with the secrets, the passwords and the certificate that are there. Without `--carrier` it only
adds agents.
"""

from __future__ import annotations

import argparse
import ipaddress
import sys
from pathlib import Path

from dialer.domain.errors import DialerError
from dialer.telephony.asterisk.browsers import add_browsers
from dialer.telephony.asterisk.configuration import Folders, Ports, Secrets, install, keep_secrets, read_secrets

ROOT = Path(__file__).resolve().parents[1]
SECRETS = "dialer.secrets.toml"


def main() -> None:
    """Install, and say where the secrets are."""
    asked = _asked()
    try:
        if asked.carrier:
            _install(asked)
        if asked.agents:
            add_browsers(asked.config, asked.agents)
    except DialerError as error:
        sys.exit(f"{error.code}: {error}")
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}")
    sys.stdout.write(f"{asked.config / SECRETS}\n")


def _install(asked: argparse.Namespace) -> None:
    if not asked.renew and any(asked.config.glob("pjsip.conf")):
        sys.exit(f"{asked.config} has a configuration already · 已有配置，未改动")
    folders = Folders(asked.config, asked.modules, asked.data, asked.state, asked.spool, asked.run, asked.log)
    ports = Ports(**{name: getattr(asked, name) for name in Ports.__dataclass_fields__})
    secrets = install(
        ROOT / "config" / "asterisk", folders, ports, asked.carrier,
        bind=asked.bind, carrier_ca=asked.carrier_ca, dialers=asked.dialers, kept=_kept(asked.config / SECRETS),
    )  # fmt: skip
    keep_secrets(secrets, asked.config / SECRETS)


def _kept(file: Path) -> Secrets | None:
    return read_secrets(file) if file.exists() else None


def _asked() -> argparse.Namespace:
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--carrier", help="host:port of the SIP trunk")
    asking.add_argument("--carrier-ca", type=_file, help="the trunk is encrypted, and certified by one of these (PEM)")
    asking.add_argument("--bind", type=_interface, default="127.0.0.1", help="the one address to listen on")
    asking.add_argument("--dialers", nargs="+", type=_interface, default=[], help="dialers on other machines")
    asking.add_argument("--agents", nargs="+", default=[], help="logins of agents whose browser is their phone")
    asking.add_argument("--renew", action="store_true", help="write a configuration that is there anew")
    for name, folder in _FOLDERS.items():
        asking.add_argument(f"--{name}", type=Path, default=Path(folder))
    for name, port in _PORTS.items():
        dest = name.removesuffix("-port").replace("-", "_")
        asking.add_argument(f"--{name}", dest=dest, type=int, default=port)
    asked = asking.parse_args()
    if not (asked.carrier or asked.agents):
        asking.error("--carrier to install, --agents to add agents")
    return asked


def _file(path: str) -> Path | None:
    return Path(path) if path else None


def _interface(address: str) -> str:
    """One IPv4 address of this machine; all of them at once is what nobody should listen on."""
    if ipaddress.IPv4Address(address).is_unspecified:
        raise ValueError
    return address


_FOLDERS = {
    "config": "/etc/asterisk",
    "modules": "/usr/lib/x86_64-linux-gnu/asterisk/modules",
    "data": "/usr/share/asterisk",
    "state": "/var/lib/asterisk",
    "spool": "/var/spool/asterisk",
    "run": "/var/run/asterisk",
    "log": "/var/log/asterisk",
}
_PORTS = {
    "sip-port": 5060,
    "sip-tls-port": 5061,
    "http-port": 8088,
    "https-port": 8089,
    "ami-port": 5038,
    "rtp-start": 10000,
    "rtp-end": 11999,
}


if __name__ == "__main__":
    main()
