"""A measured figure, its targets, and how both are shown."""
import dataclasses
import os
import platform
import statistics
import time


@dataclasses.dataclass
class Figure:
    """One line of the table. `reach` is what every release must hold, `dream` what we hope for;
    None where there is no target."""
    name: str
    value: float
    unit: str
    reach: float | None = None
    dream: float | None = None
    more_is_better: bool = False
    note: str = ""

    def meets(self, target):
        return self.value >= target if self.more_is_better else self.value <= target

    def verdict(self):
        if self.reach is None:
            return ""
        if self.dream is not None and self.meets(self.dream):
            return "dream"
        return "reach" if self.meets(self.reach) else "missed"

    def target(self, value):
        if value is None:
            return ""
        return ("≥ " if self.more_is_better else "≤ ") + number(value)


@dataclasses.dataclass
class Measured:
    """What one module found: the figures for the table, every run behind them for the JSON."""
    figures: list = dataclasses.field(default_factory=list)
    runs: dict = dataclasses.field(default_factory=dict)
    notes: list = dataclasses.field(default_factory=list)

    def as_json(self):
        return {"when": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
                "machine": {"cpus": os.cpu_count(), "kernel": platform.release()},
                "figures": [dataclasses.asdict(figure) | {"verdict": figure.verdict()}
                            for figure in self.figures],
                "notes": self.notes, "runs": self.runs}


def number(value):
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    digits = max(0, 2 - int(f"{value:e}".split("e")[1]))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def table(title, measured):
    rows = [(title, "measured", "", "reach", "dream", "")]
    rows += [(f.name, number(f.value), f.unit, f.target(f.reach), f.target(f.dream),
              "  ".join(filter(None, [f.verdict(), f.note]))) for f in measured.figures]
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    lines = ["  ".join([row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].ljust(widths[2]),
                        row[3].rjust(widths[3]), row[4].rjust(widths[4]), row[5]]).rstrip()
             for row in rows]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines + [f"* {note}" for note in measured.notes])


def median(values):
    return statistics.median(list(values))
