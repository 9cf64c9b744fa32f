# ruff: noqa: INP001  # a script, not a package
"""Write an Asterisk's configuration from config/asterisk, with new secrets: `tools/asterisk_config.py --help`.

For an Asterisk of the system's own (Debian, Ubuntu, a container): the files go into its configuration folder, and the
two secrets into `dialer.secrets.toml` beside them, for the dialer's settings. A configuration that is there is left.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dialer.telephony.asterisk.configuration import Folders, Ports, install, keep_secrets

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Install, and say where the secrets are."""
    asked = _asked()
    if any(asked.config.glob("pjsip.conf")):
        sys.exit(f"{asked.config} has a configuration already · 已有配置，未改动")
    folders = Folders(asked.config, asked.modules, asked.data, asked.state, asked.spool, asked.run, asked.log)
    ports = Ports(asked.sip_port, asked.http_port, asked.ami_port, asked.rtp_start, asked.rtp_end)
    secrets = install(ROOT / "config" / "asterisk", folders, ports, asked.carrier, bind=asked.bind)
    file = asked.config / "dialer.secrets.toml"
    keep_secrets(secrets, file)
    sys.stdout.write(f"{file}\n")


def _asked() -> argparse.Namespace:
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--carrier", required=True, help="host:port of the SIP trunk")
    asking.add_argument("--bind", default="127.0.0.1", help="the one interface to listen on")
    for name, default in _FOLDERS.items():
        asking.add_argument(f"--{name}", type=Path, default=Path(default))
    for name, port in _PORTS.items():
        asking.add_argument(f"--{name}", type=int, default=port)
    return asking.parse_args()


_FOLDERS = {
    "config": "/etc/asterisk",
    "modules": "/usr/lib/x86_64-linux-gnu/asterisk/modules",
    "data": "/usr/share/asterisk",
    "state": "/var/lib/asterisk",
    "spool": "/var/spool/asterisk",
    "run": "/var/run/asterisk",
    "log": "/var/log/asterisk",
}
_PORTS = {"sip-port": 5060, "http-port": 8088, "ami-port": 5038, "rtp-start": 10000, "rtp-end": 11999}


if __name__ == "__main__":
    main()
