"""The results as text."""

from .scenarios import CPU, MB_S, MEMORY, RATE, UNITS

MARKS = {True: "pass", False: "MISS", None: "not measured"}


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def server_line(label, figures):
    if MEMORY in figures:
        return (f"  {label:<12} {figures[MEMORY]:>10.0f} bytes/connection"
                f" {figures['resident'] / 1e6:>10.1f} MB resident")
    line = (f"  {label:<12} {figures[CPU]:>10.3f} µs CPU/request {figures[RATE]:>12,.0f} requests/s"
            f" {figures[MB_S]:>9,.0f} MB/s   busy {figures['server_busy']:4.0%}"
            f" (generator {figures['load_busy']:4.0%})")
    return line + (f"  {figures['errors']:.0f} errors" if figures["errors"] else "")


def of_unit(target, metric):
    """Said where it is not the scenario's."""
    return "" if target["metric"] == metric else f", {UNITS[target['metric']]}"


def target_line(target, metric):
    against = target["against"]
    if isinstance(against, str):
        what = f"{target['subject']} / {against}{of_unit(target, metric)}"
    elif target["metric"] == MEMORY:
        what = f"{target['subject']}, bytes per connection"
    elif target["metric"] == "resident":
        what = f"{target['subject']}, MB resident"
    else:
        what = f"{target['subject']} / ideal {against:,}"
    ratio = "-" if target["ratio"] is None else f"{target['ratio']:.3g}"
    if target["ratio"] is not None and target["ratio"] >= 1000:
        ratio = f"{target['ratio']:.0f}"
    return f"    {what:<32} {ratio:>8}   target {target['target']:<9} {MARKS[target['met']]}"


def disk_line(disk):
    line = (f"databases lie on {disk['file_system']}; to append a page there and have it stay takes"
            f" {disk['sync_us']:,.0f} µs")
    return line if disk["sync_us"] > 20 else f"{line}: figures of writing are of little use"


def lines_of(result):
    """One scenario."""
    yield f"{result['title']}  [{UNITS[result['metric']]}]"
    for label, figures in result["servers"].items():
        yield server_line(label, figures)
    for label, why in result["absent"].items():
        yield f"  {label:<12} left out: {' '.join(why.split())[:120]}"
    for target in result["targets"]:
        yield target_line(target, result["metric"])


def closing_line(results):
    marks = [target["met"] for result in results for target in result["targets"]]
    return (f"{marks.count(True)} targets met, {marks.count(False)} missed,"
            f" {marks.count(None)} not measured")
