"""What is wrong with a formula, and at which column: a sentence with a caret below the place."""

SHOWN = 60  # characters of a long formula around the place that is wrong


class FormulaError(Exception):
    """A formula is wrong; `column` is counted from 1, in characters."""

    def __init__(self, column: int, reason: str) -> None:
        self.column, self.reason = column, reason
        super().__init__(f"column {column}: {reason}")

    def in_text(self, text: str) -> str:
        """The sentence, and below it the formula with a caret under the place."""
        start = max(0, min(self.column - 1 - SHOWN // 2, len(text) - SHOWN))
        cut = text[start : start + SHOWN]
        # a character that prints as nothing, or as more than one place, would move the caret
        plain = "".join(one if one.isascii() and one.isprintable() else "?" for one in cut)
        before = "…" if start else ""
        after = "…" if start + SHOWN < len(text) else ""
        caret = " " * (len(before) + self.column - 1 - start) + "^"
        return f"{self}\n{before}{plain}{after}\n{caret}"
