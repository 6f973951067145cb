"""The line that every benchmark ends with, one for each figure."""


def result(name: str, value: float, goal: str = "none") -> None:
    """Print one figure."""
    print(f"RESULT {name} {value:.3f} {goal}", flush=True)
