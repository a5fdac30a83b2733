"""What counts as this machine itself."""

import ipaddress
import re

_AUTHORITY = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(:(?P<port>\d{1,5}))?")


def is_loopback(host: str) -> bool:
    """Whether `host` is `localhost` or an address of 127.0.0.0/8 or ::1.

    No name is looked up: what a name means can change between the check and the use.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback_authority(authority: str) -> bool:
    """Whether a Host header, `name[:port]`, names this machine.

    A page elsewhere can point its own name at 127.0.0.1 (DNS rebinding); the browser then still sends that name.
    """
    found = _AUTHORITY.fullmatch(authority)
    return found is not None and is_loopback(found["name"].strip("[]"))
