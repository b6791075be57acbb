"""What an upload became, in sentences, with what the service warns of."""

from typing import Any

from api.cli.console import out


def show_added(view: dict[str, Any], *sentences: str) -> None:
    """Print the sentences, and the warnings of the view below them."""
    for sentence in (*sentences, *view["warnings"]):
        out.print(sentence, markup=False, soft_wrap=True)
