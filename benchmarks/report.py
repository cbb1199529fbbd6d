"""From raw samples to a table, a Markdown table and a plot."""

from __future__ import annotations

import importlib
import itertools
import statistics

from rich.markup import escape
from rich.table import Table

UNITS = {
    "s": ((1, "s"), (1e-3, "ms"), (1e-6, "µs")),
    "FLOP/s": ((1e9, "GFLOP/s"),),
    "B/s": ((1e9, "GB/s"),),
}
# figures of a contestant beside its own, and what they are called
EXTRA = {"one_epoch_call": "one-epoch fit", "import": "import", "trace": "trace"}
EXTRA |= {"compile": "compile", "share": "of the limit", "loss": "loss"}
LABELS = {"ours": "ours", "ours_numpy": "ours (NumPy)", "ours_xla": "ours (XLA)"}


def label(row, name):
    """A contestant's name as a reader would say it."""
    if row.job in ("import_time", "rng", "gemm", "limits"):
        return LABELS.get(name, name.replace("_", " on "))
    return importlib.import_module(f"contestants.{name}").LABEL


def quantity(value, unit):
    """Three significant digits with the unit that suits them: 0.00155 s is 1.55 ms."""
    scales = UNITS.get(unit, ((1, unit),))
    scale, name = next((s for s in scales if abs(value) >= s[0]), scales[-1])
    value /= scale
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f} {name}"


def times(ratio):
    """A ratio to two or three digits: 0.97×, 3.52×, 12.4×, 130×."""
    return f"{ratio:.{2 if ratio < 10 else 1 if ratio < 100 else 0}f}×"


def spread(values):
    """Median, least and greatest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def summarise(run, rows):
    """Row -> contestant -> median, spread, ratio (peer / ours, formed round by round), share."""
    summary, limits = {}, limits_of(run)
    for row in rows:
        entries, ours = {}, None
        for name, samples in run["samples"][row.name].items():
            values = [s["value"] for s in samples if "value" in s]
            if not values:
                entries[name] = {"skipped": samples[-1]["skipped"]}
                continue
            entry = spread(values)
            if compared(row) and ours is not None:
                # a round cut short by a failure has no partner
                entry["ratio"] = spread([v / o for v, o in zip(values, ours, strict=False)])
            for extra in EXTRA:
                found = [s[extra] for s in samples if extra in s]
                if found:
                    entry[extra] = statistics.median(found)
            if row.job == "step" and row.workload in limits:
                entry["share"] = limits[row.workload] / entry["median"]
            if name == row.contestants[0]:
                ours = values
            entries[name] = entry
        summary[row.name] = entries
    return summary


def compared(row):
    """Are the peers' figures divided by ours?"""
    return row.unit == "s" or bool(row.targets)


def limits_of(run):
    """Workload -> the least seconds of a step on this machine; see limit.py."""
    import limit
    from nets import NETS

    bandwidth, times = 0.0, {}
    for samples in run["samples"].get("limits", {}).values():  # of one library
        done = [s for s in samples if "value" in s]
        if not done:
            continue
        bandwidth = max(bandwidth, statistics.median(s["value"] for s in done))
        for same in zip(*(s["products"] for s in done), strict=True):
            product = limit.Product(*same[0][:-1])
            took = statistics.median(entry[-1] for entry in same)
            times[product] = min(took, times.get(product, took))
    if not bandwidth:
        return {}
    known = [
        w for w in NETS.values() if {p._replace(count=1) for p in limit.products(w)} <= {*times}
    ]
    return {w.name: limit.seconds(w, times, bandwidth) for w in known}


def gemm_rate(run):
    """The best library's median FLOP/s at 1024³: what this machine can do with these threads."""
    medians = [
        statistics.median(values)
        for samples in run["samples"]["gemm"].values()
        if (values := [s["value"] for s in samples if "value" in s])
    ]
    return max(medians, default=None)


def verdict(row, name, entry):
    """The target of this line and whether it was met."""
    if name in row.targets and "ratio" in entry:
        met = entry["ratio"]["median"] >= row.targets[name]
        return f"≥ {row.targets[name]:g}× {'✓' if met else '✗'}"
    if row.limit is not None and name == row.contestants[0] and "median" in entry:
        met = entry["median"] <= row.limit
        return f"≤ {quantity(row.limit, row.unit)} {'✓' if met else '✗'}"
    if row.share is not None and name == row.contestants[0] and "share" in entry:
        return f"≥ {row.share:.0%} {'✓' if entry['share'] >= row.share else '✗'}"
    return ""


def show(run, rows, console):
    """One table per row on the terminal."""
    machine = run["machine"]
    console.print(f"\n{machine['date']}  {machine['cpu']}, {machine['cores']} cores")
    if (machine["load_before"] or 0) > 0.5:
        console.print(f"other work was running: load {machine['load_before']:.1f} at the start")
    console.print(", ".join(f"{k} {v}" for k, v in machine["versions"].items() if v))
    if gemm := gemm_rate(run):
        console.print(f"GEMM 1024³: {quantity(gemm, 'FLOP/s')} with the quickest library")
    for row in rows:
        console.print(grid(row, run["summary"][row.name]))


def grid(row, entries):
    """The terminal table of one row."""
    table = Table(title=f"{row.name}: {row.about}", title_justify="left", caption_justify="left")
    extras = [key for key in EXTRA if any(key in entry for entry in entries.values())]
    columns = ["contestant", "median", "min – max"]
    columns += ["peer / ours", "min – max", "target"] if compared(row) else []
    columns += [EXTRA[key] for key in extras]
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left")
    skipped = []
    for name, entry in entries.items():
        if "skipped" in entry:
            skipped.append(f"{label(row, name)} skipped: {entry['skipped']}")
            continue
        cells = [label(row, name), quantity(entry["median"], row.unit)]
        cells.append(" – ".join(quantity(entry[k], row.unit) for k in ("min", "max")))
        if compared(row):
            ratio = entry.get("ratio")
            cells.append(times(ratio["median"]) if ratio else "")
            cells.append(f"{ratio['min']:.2f} – {ratio['max']:.2f}" if ratio else "")
            cells.append(verdict(row, name, entry))
        table.add_row(*cells, *(extra_cell(key, entry) for key in extras))
    table.caption = escape("\n".join(skipped)) or None
    return table


def extra_cell(key, entry):
    """One of the figures beside the main one."""
    if key not in entry:
        return ""
    if key == "share":
        return f"{entry[key]:.0%}"
    if key == "loss":
        return f"{entry[key]:.3f}"
    return quantity(entry[key], "s") if key != "compile" or entry[key] > 0.05 else "–"


def markdown(run, rows):
    """The README's tables: one per kind of measurement, a column per contestant."""
    machine, speed = run["machine"], gemm_rate(run)
    versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items() if v)
    foot = (
        f"{machine['date']}, {machine['cpu']}, {run['settings']['threads']} threads"
        + (f", {quantity(speed, 'FLOP/s')} at 1024³" if speed else "")
        + f"; {versions}. Medians of {run['settings']['rounds']} rounds in fresh processes; "
        "in brackets how many times ours is as fast.\n"
    )
    tables = [
        part
        for _, group in itertools.groupby(rows, key=lambda row: row.job.split("_")[0])
        if (part := markdown_table(list(group), run["summary"]))
    ]
    return "\n\n".join([*tables, foot])


def markdown_table(rows, summary):
    """Rows of one job under the contestants that took part in any of them."""
    cells = {
        (row.name, label(row, name)): markdown_cell(row, entry)
        for row in rows
        for name, entry in summary[row.name].items()
        if "skipped" not in entry
    }
    labels = list(dict.fromkeys(name for _, name in cells))
    if not labels:
        return ""
    labels.sort(key=lambda text: not text.startswith("ours"))
    shown = {"step": ["share"], "first_step": ["import", "trace", "compile"]}.get(rows[0].job, [])
    lines = [["", *labels, *(f"ours: {EXTRA[key]}" for key in shown)]]
    lines.append(["---"] * len(lines[0]))
    for row in rows:
        ours = summary[row.name].get(row.contestants[0], {})
        line = [row.name, *(cells.get((row.name, x), "") for x in labels)]
        lines.append([*line, *(extra_cell(key, ours) for key in shown)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown_cell(row, entry):
    """Median, and the ratio where there is one."""
    ratio = f" ({times(entry['ratio']['median'])})" if "ratio" in entry else ""
    return quantity(entry["median"], row.unit) + ratio


def plot(run, rows, path, console):
    """Bars of the ratios, whiskers from the least to the greatest round."""
    try:
        import matplotlib
    except ImportError:
        console.print("plot skipped: matplotlib is not installed")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    bars = [
        (f"{row.name}  {label(row, name)}", entry["ratio"], row)
        for row in rows
        for name, entry in run["summary"][row.name].items()
        if "ratio" in entry
    ]
    if not bars:
        console.print("plot skipped: no ratios, for ours has no figures")
        return
    figure, axes = pyplot.subplots(figsize=(8, 1.2 + 0.28 * len(bars)), layout="constrained")
    names = [row.name for row in rows]
    for i, (_, ratio, row) in enumerate(bars):
        middle = ratio["median"]
        whiskers = [[middle - ratio["min"]], [ratio["max"] - middle]]
        color = f"C{names.index(row.name) % 10}"
        # from 1, not from 0: the axis is logarithmic and 1 is "as fast as"
        axes.barh(i, middle - 1, left=1, color=color, xerr=whiskers, capsize=2)
        axes.annotate(f" {times(middle)}", (max(ratio["max"], 1), i), va="center", fontsize=8)
    axes.set_yticks(range(len(bars)), [text for text, _, _ in bars], fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.margins(x=0.15)
    machine = run["machine"]
    axes.set_xlabel("times ours is as fast (whiskers: least and greatest round)")
    axes.set_title(f"{machine['cpu']}, {run['settings']['threads']} threads, {machine['date']}")
    figure.savefig(path, dpi=150)
