"""The ARI users of a simulator's configuration."""

from __future__ import annotations

from ari_notebook.simulator.config.settings import Config

__all__ = ["ConfiguredUsers"]


class ConfiguredUsers:
    """Names and passwords of the users.

    Args:
        config: the configuration.

    Attributes:
        user: name of a user of ari.conf with write access.
    """

    def __init__(self, config: Config) -> None:
        self.user = _writer(config)
        self._users = config.ari.users

    @property
    def password(self) -> str:
        """Return the password of `user`: from ari.conf, or random for the demonstration set-up."""
        return self.password_of(self.user)

    def password_of(self, user: str) -> str:
        """Return a user's password, or "" for an unknown user or one with only a hash."""
        found = self._users.get(user)
        return found.password if found and found.password_format == "plain" else ""  # noqa: S105

    @property
    def credentials(self) -> tuple[str, str]:
        """Return user and password, as HTTP libraries expect them."""
        return self.user, self.password


def _writer(config: Config) -> str:
    """Return the name of a user with write access, if possible."""
    users = [each for each in config.ari.users.values() if each.password_format == "plain"]  # noqa: S105
    users.sort(key=lambda each: each.read_only)
    return users[0].name if users else ""
