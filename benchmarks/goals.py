"""One line for each goal, as `make bench` gathers them into a table."""

HEAD = (
    "| figure | ours | peer or limit | ratio | goal | met |\n| --- | --- | --- | --- | --- | --- |"
)


def tell_goal(figure: str, ours: str, against: str, ratio: str, goal: str, met: bool) -> None:
    """Print the row of a figure that has a goal."""
    print(f"| {figure} | {ours} | {against} | {ratio} | {goal} | {'yes' if met else '**no**'} |")


def tell_unmeasured(figure: str, goal: str) -> None:
    """Print the row of a figure that this machine cannot measure."""
    print(f"| {figure} | – | – | – | {goal} | not measured |")
