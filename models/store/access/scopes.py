"""What an API key may do. It needs no database, so a command can name the scopes at once."""

from enum import IntEnum


class Scope(IntEnum):
    """What a key may do; each scope includes those before it."""

    READ = 1
    SUBMIT = 2
    ADMIN = 3

    @classmethod
    def named(cls, name: str) -> "Scope":
        """The scope of this name. Raises `ValueError` for an unknown one."""
        if name not in SCOPE_NAMES:
            raise ValueError(
                f"no scope is called {name!r}; the scopes are {', '.join(SCOPE_NAMES)}"
            )
        return cls[name.upper()]


SCOPE_NAMES = tuple(scope.name.lower() for scope in Scope)
