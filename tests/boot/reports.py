"""Checks the trap reports in a monitor's log: that they are JSON, add up, and can be shown."""

import json
import subprocess
import xml.etree.ElementTree
from pathlib import Path

MARK = "umbra-json: "
TOOL = Path(__file__).resolve().parents[2] / "tools/report"
COST = ("samples", "ticks", "min", "max")


def wrong_row(row):
    """What is wrong with one row of costs, or None."""
    if any(not isinstance(row[key], int) or row[key] < 0 for key in COST):
        return f"not a count: {row}"
    if row["samples"] and not row["min"] * row["samples"] <= row["ticks"] <= \
            row["max"] * row["samples"]:
        return f"mean not between min and max: {row}"
    return None


def wrong_report(report):
    """What is wrong with a VM's report, or None."""
    for row in report["reasons"] + report["instructions"]:
        if wrong := wrong_row(row):
            return wrong
    sums = {
        "exits by reason": sum(row["samples"] for row in report["reasons"]),
        "exits by process": sum(row["exits"] for row in report["processes"]),
    }
    for name, value in sums.items():
        if value != report["exits"]:
            return f"{name}: {value}, but {report['exits']} exits"
    if sum(row["ticks"] for row in report["reasons"]) != report["ticks"]["exits"]:
        return "the costs by reason are not the cost of all exits"
    if sum(row["emulated"] for row in report["instructions"]) != report["totals"]["emulated"]:
        return "emulated instructions do not add up"
    for key in ("syscalls", "guest_faults", "hidden_faults"):
        if sum(row[key] for row in report["processes"]) != report["totals"][key]:
            return f"{key} by process do not add up"
    return None


def wrong_files(log):
    """Runs tools/report on the log; what is wrong with its files, or None."""
    prefix = log.with_name("report")
    done = subprocess.run([str(TOOL), str(log), "--output", str(prefix)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, text=True)
    if done.returncode != 0:
        return done.stdout.strip()
    charts = list(log.parent.glob("report*.svg"))
    for chart in charts:
        xml.etree.ElementTree.parse(chart)
    return None if charts else "no chart"


def check_reports(names, log):
    """What is wrong with the reports of the VMs in `names`, or None."""
    lines = [line for line in log.read_text(errors="replace").splitlines()
             if line.startswith(MARK)]
    try:
        reports = {report["vm"]: report for report in
                   (json.loads(line[len(MARK):]) for line in lines)}
        for name in names:
            if name not in reports:
                return f"no report of {name}"
            if wrong := wrong_report(reports[name]):
                return f"{name}: {wrong}"
        return wrong_files(log)
    except (ValueError, KeyError, TypeError, xml.etree.ElementTree.ParseError) as error:
        return f"{type(error).__name__}: {error}"
