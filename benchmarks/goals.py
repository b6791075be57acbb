"""One line for each goal, as `make bench` gathers them into a table."""

HEAD = (
    "| figure | ours | peer or limit | ratio | goal | met |\n| --- | --- | --- | --- | --- | --- |"
)

MET, MISSED, UNMEASURED = "yes", "**no**", "not measured"
ANSWERS = tuple(f"| {answer} |" for answer in (MET, MISSED, UNMEASURED))
"""How the row of a goal ends."""


def tell_goal(figure: str, ours: str, against: str, ratio: str, goal: str, met: bool) -> None:
    """Print the row of a figure that has a goal."""
    print(f"| {figure} | {ours} | {against} | {ratio} | {goal} | {MET if met else MISSED} |")


def tell_unmeasured(figure: str, goal: str) -> None:
    """Print the row of a figure that this machine cannot measure."""
    print(f"| {figure} | – | – | – | {goal} | {UNMEASURED} |")
