"""Who is calling and what they may do: staff with passwords and sessions, programs with keys.

Passwords are argon2id; session tokens, link tokens and API keys are kept as hashes only.
Nothing here is cached beyond one request: a disabled person or a revoked key is out at once.
"""

from setten.platform.auth.keys import create_key, find_key, find_keys, list_keys, revoke_key
from setten.platform.auth.model import (
    ROLES,
    SCOPES,
    Actor,
    BadCredentials,
    LinkUsed,
    LoginTaken,
    NoRight,
    Right,
    WeakPassword,
    require,
    require_location,
)
from setten.platform.auth.passwords import seal as seal_password
from setten.platform.auth.sessions import (
    Attempt,
    begin_sign_in,
    find_session,
    finish_sign_in,
    fits,
    issue_link,
    sign_in_by_link,
    sign_out,
    tidy,
)
from setten.platform.auth.staff import (
    NewPassword,
    StaffMember,
    begin_password,
    create_staff,
    disable_staff,
    finish_password,
    forget_password,
    list_staff,
    set_locations,
    set_preferences,
)

__all__ = [
    "ROLES",
    "SCOPES",
    "Actor",
    "Attempt",
    "BadCredentials",
    "LinkUsed",
    "LoginTaken",
    "NewPassword",
    "NoRight",
    "Right",
    "StaffMember",
    "WeakPassword",
    "begin_password",
    "begin_sign_in",
    "create_key",
    "create_staff",
    "disable_staff",
    "find_key",
    "find_keys",
    "find_session",
    "finish_password",
    "finish_sign_in",
    "fits",
    "forget_password",
    "issue_link",
    "list_keys",
    "list_staff",
    "require",
    "require_location",
    "revoke_key",
    "seal_password",
    "set_locations",
    "set_preferences",
    "sign_in_by_link",
    "sign_out",
    "tidy",
]
