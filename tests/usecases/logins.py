"""Logging in as on a real site, where the privileged roles prove who they are."""

from __future__ import annotations

from functools import partial

from dialer.domain.user import PRIVILEGED
from dialer.usecases import log_in as sessions
from dialer.usecases import own_account, second_factor

log_in = partial(sessions.log_in, proving=PRIVILEGED)
session_of = partial(sessions.session_of, proving=PRIVILEGED)
show_code = partial(second_factor.show_code, proving=PRIVILEGED)
enrol = partial(second_factor.enrol, proving=PRIVILEGED)
change_password = partial(own_account.change_password, proving=PRIVILEGED)
