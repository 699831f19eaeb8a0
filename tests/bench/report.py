# SPDX-License-Identifier: Apache-2.0
"""Figures: medians, ratios to a peer measured in the same run, tables."""

import statistics
import sys
import time


def seconds(function, *args, **kwargs):
    """How long function(*args, **kwargs) takes."""
    start = time.monotonic()
    function(*args, **kwargs)
    return time.monotonic() - start


def interleaved(rounds, contenders):
    """Runs every one of 'contenders' (name -> function of the round's number,
    which returns a figure or None: its time in seconds) once in each round, in
    turn, so that whatever else the machine does falls on all of them.
    Returns name -> list of figures."""
    figures = {name: [] for name in contenders}
    names = list(contenders)
    for i in range(rounds):
        for name in names[i % len(names):] + names[:i % len(names)]:
            start = time.monotonic()
            figure = contenders[name](i)
            elapsed = time.monotonic() - start
            figures[name].append(elapsed if figure is None else figure)
    return figures


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Report:
    """What one benchmark has to say."""

    def __init__(self, name, quick):
        self.name = name
        self.quick = quick
        self.tables = []
        self.plots = []
        self.notes = []

    def say(self, text):
        """Progress, for whoever watches."""
        print("   " + text)
        sys.stdout.flush()

    def note(self, text):
        self.notes.append(text)
        self.say(text)

    def table(self, title, columns, rows):
        self.tables.append({"title": title, "columns": columns,
                            "rows": rows})
        cells = [columns] + [[_cell(c) for c in row] for row in rows]
        widths = [max(len(row[i]) for row in cells)
                  for i in range(len(columns))]
        print("\n   " + title)
        for row in cells:
            print("   " + "  ".join(
                c.ljust(w) if i == 0 else c.rjust(w)
                for i, (c, w) in enumerate(zip(row, widths))))
        print()
        sys.stdout.flush()

    def times(self, title, figures, peer, scale=1000, unit="ms",
              draw=True):
        """A table of lists of seconds: median, p99, and the median of each
        round's ratio to 'peer' (of what has other rounds than 'peer': the
        ratio of the medians)."""
        def ratio(values):
            if len(values) == len(figures[peer]):
                return statistics.median(a / b if b else float("nan")
                                         for a, b in zip(values,
                                                         figures[peer]))
            base = statistics.median(figures[peer])
            return statistics.median(values) / base if base else float("nan")
        self.table(title, ["", "median " + unit, "p99 " + unit, "n",
                           "vs " + peer],
                   [[name, statistics.median(values) * scale,
                     percentile(values, .99) * scale, len(values),
                     "%.2f x" % ratio(values)]
                    for name, values in figures.items()])

        if draw:
            self.plots.append({"title": title, "ylabel": unit, "bars": {
                name: [statistics.median(values) * scale,
                       percentile(values, .99) * scale]
                for name, values in figures.items()}})

    def plot(self, title, xlabel, ylabel, lines, logx=False):
        """A plot (plot.py) of 'lines': name -> [(x, y), ...]."""
        self.plots.append({"title": title, "xlabel": xlabel,
                           "ylabel": ylabel, "logx": logx, "lines": lines})

    def data(self):
        return {"tables": self.tables, "plots": self.plots,
                "notes": self.notes}


def _cell(value):
    if isinstance(value, float):
        return "%.3g" % value if abs(value) < 100 else "%.0f" % value
    return str(value)
