"""What can go wrong with an LDAP server, in sentences for an admin; never with a password in them."""

from __future__ import annotations


class LdapError(Exception):
    """The directory did not give what was asked for."""


class LdapUnavailable(LdapError):
    """No server can be reached, or none answers in time. Trying again may help."""


class LdapUntrusted(LdapError):
    """The server's certificate is not accepted, or it speaks no TLS: nothing was sent to it."""


class LdapRefusal(LdapError):
    """The server does not accept a name and password."""


class LdapMisconfigured(LdapError):
    """The settings cannot work as they are."""
