#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what the benchmarks measured, and writes it down:

    plot.py DATA.json DIR           an SVG of each plot, by gnuplot
    plot.py DATA.json --page FILE   the tables of FILE that are marked by
                                    <!-- figures: BENCHMARK, TITLE -->

DATA.json is what "./dev bench --json" writes.  A benchmark's first plot is
bench-NAME.svg, the next bench-NAME-2.svg."""

import json
import os
import re
import shutil
import subprocess
import sys

HEAD = """set terminal svg size 720,400 font 'sans-serif,13' background 'white'
set output '%(path)s'
set title "%(title)s"
set ylabel "%(ylabel)s"
set yrange [0:*]
set grid ytics lc rgb '#dddddd'
set border 3
set tics nomirror
set key outside right top
"""


def quoted(text):
    """A text within gnuplot's double quotes, without markup."""
    for mark in "\\\"@^_{}~&":
        text = text.replace(mark, {"_": "-", "\\": "/"}.get(mark, ""))
    return text


def lines_script(plot):
    """Lines over x, one for each of plot["lines"]."""
    lines = plot["lines"]
    script = 'set xlabel "%s"\n' % quoted(plot["xlabel"])
    if plot["logx"]:
        script += "set logscale x\n"
    script += "plot " + ", ".join(
        '"-" with linespoints pt 7 ps 0.6 lw 2 title "%s"' % quoted(name)
        for name in lines)
    for points in lines.values():
        script += "\n" + "\n".join("%g %g" % tuple(p) for p in points)
        script += "\ne"
    return script + "\n"


def bars_script(plot):
    """For each of plot["bars"] a bar as high as its median, with a line up to
    the 99th percentile."""
    bars = plot["bars"]
    script = ("set boxwidth 0.6\nset style fill solid 0.7\nunset key\n"
              "set xtics rotate by -20 (%s)\n" % ", ".join(
                  '"%s" %d' % (quoted(name), i)
                  for i, name in enumerate(bars)))
    script += "set xrange [-0.6:%g]\n" % (len(bars) - 0.4)
    script += ('plot "-" using 1:2 with boxes lc rgb "#4477aa", '
               '"-" using 1:2:2:3 with yerrorbars pt 0 lc rgb "#222222"')
    points = "\n".join("%d %g %g" % (i, median, most) for i, (median, most)
                       in enumerate(bars.values())) + "\ne\n"
    return script + "\n" + points + points


def draw(plot, path):
    title = quoted(plot["title"])
    script = HEAD % {"path": path, "title": title,
                     "ylabel": quoted(plot["ylabel"])}
    script += (lines_script if "lines" in plot else bars_script)(plot)
    subprocess.run(["gnuplot"], input=script, encoding="utf-8", check=True)


def names(results):
    """The file name of each plot of 'results', with the plot."""
    for benchmark, data in results.items():
        for i, plot in enumerate(data.get("plots", []), 1):
            yield ("bench-%s%s.svg" % (benchmark,
                                       "" if i == 1 else "-%d" % i), plot)


def draw_all(results, directory):
    """SVGs of all plots of 'results'."""
    if not shutil.which("gnuplot"):
        sys.exit("gnuplot is not installed: apt-get install gnuplot-nox")
    os.makedirs(directory, exist_ok=True)
    for name, plot in names(results):
        draw(plot, os.path.join(directory, name))


def cell(value):
    """A figure as tables show it."""
    if isinstance(value, float):
        return "%.3g" % value if abs(value) < 100 else "%.0f" % value
    return str(value)


def table_markdown(table):
    """A table, as docs/benchmarks.md has it: its title heads the first
    column if that has no head."""
    columns = [table["columns"][0] or table["title"], *table["columns"][1:]]
    rows = [columns, ["---"] * len(columns)] + [
        [cell(c) for c in row] for row in table["rows"]]
    return "\n".join("| %s |" % " | ".join(row) for row in rows) + "\n"


def write_page(results, path):
    """Puts the tables of 'results' in the places of 'path' marked so."""
    with open(path) as f:
        text = f.read()
    for benchmark, data in results.items():
        for table in data["tables"]:
            mark = "<!-- figures: %s, %s -->" % (benchmark, table["title"])
            text = re.sub(re.escape(mark) + r"\n(\n(\|.*\n)+)?",
                          lambda m, mark=mark, table=table:
                          mark + "\n\n" + table_markdown(table),
                          text)
    with open(path, "w") as f:
        f.write(text)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    with open(sys.argv[1]) as f:
        results = json.load(f)
    if sys.argv[2] == "--page" and len(sys.argv) == 4:
        write_page(results, sys.argv[3])
    elif len(sys.argv) == 3:
        draw_all(results, sys.argv[2])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
