"""Say what was measured so that a person can judge it: each ratio with its spread, the limit and the goal beside it."""

from __future__ import annotations

from statistics import median
from typing import Any

#: Ratios at most (README.md, "Goals").
COMMIT_GOAL, START_GOAL, RESIDENT_GOAL_MB, IDLE_GOAL_PERCENT = 3.0, 1.25, 45.0, 0.2


def told(found: dict[str, Any]) -> str:
    """Write the report: only ratios are compared with goals, and every ratio comes from one round."""
    lines = [
        f"Load: {found['load']}. {found['rounds']} interleaved rounds of {found['seconds']:g} s; medians (least–most)."
    ]
    if found.get("requests"):
        lines += ["", *_throughput(found), "", *_latency(found["requests"])]
    lines += ["", *_others(found)]
    return "\n".join(lines)


def _throughput(found: dict[str, Any]) -> list[str]:
    lines = [
        f"{'requests a second, 16 clients':<28}{'hub':>8}{'bare Flask':>12}{'ratio':>19}{'goal':>8}{'of limit':>10}"
    ]
    for row in found["requests"]:
        missed = "" if median(row["ratios"]) >= row["goal"] else "  missed"
        lines.append(
            f"{row['title']:<28}{_round(row['ours_16']['per_s']):>8}{_round(row['reference_16']['per_s']):>12}"
            f"{_spread(row['ratios']):>19}{'≥ ' + format(row['goal'], '.2f'):>8}"
            f"{row['of_limit']:>10.2f}{missed}"
        )
    limit = median(row["limit"]["per_s"] for row in found["requests"])
    lines.append(f"The limit is a bare callable on the same Waitress: {_round(limit)} a second.")
    return lines


def _latency(rows: list[dict[str, Any]]) -> list[str]:
    lines = [f"{'one client, ms':<30}{'hub p50':>8}{'p99':>8}{'bare p50':>12}{'p99':>8}{'ratio of p50':>15}"]
    for row in rows:
        ours, reference = row["ours_1"], row["reference_1"]
        lines.append(
            f"{row['title']:<30}{ours['p50_ms']:>8.2f}{ours['p99_ms']:>8.1f}{reference['p50_ms']:>12.2f}"
            f"{reference['p99_ms']:>8.1f}{ours['p50_ms'] / reference['p50_ms']:>15.2f}"
        )
    return lines


def _others(found: dict[str, Any]) -> list[str]:
    lines = []
    if "commit" in found:
        ratios = [each["ours_p50_ms"] / each["raw_p50_ms"] for each in found["commit"]]
        raw = median(each["raw_p50_ms"] for each in found["commit"])
        ours = median(each["ours_p50_ms"] for each in found["commit"])
        what = f"one client's durable POST /clipboard {ours:.2f} ms, a raw one-row commit {raw:.2f} ms"
        lines.append(_judged(what, _spread(ratios), median(ratios), COMMIT_GOAL))
    if "start_s" in found:
        hub, bare = found["start_s"]["hub"], found["start_s"]["bare"]
        ratios = [ours / reference for ours, reference in zip(hub, bare, strict=True)]
        what = (
            f"both servers' first 200 after {median(hub) * 1e3:.0f} ms, Flask + Waitress's {median(bare) * 1e3:.0f} ms"
        )
        lines.append(_judged(what, _spread(ratios), median(ratios), START_GOAL))
    if "resident_mb" in found:
        held = found["resident_mb"]
        what = f"memory idle, hub (bare Flask {held['bare']:.0f}, hub after the load {held['hub after load']:.0f})"
        lines.append(_judged(what, f"{held['hub']:.0f} MB", held["hub"], RESIDENT_GOAL_MB))
        cpu = found["idle_cpu_percent"]
        lines.append(_judged("processor idle, hub", f"{cpu:.2f} %", cpu, IDLE_GOAL_PERCENT))
    for kind, (whole, behind) in found.get("gate_us", {}).items():
        share = 1 - behind / whole
        what = f"gate and token of GET /status, {kind}"
        lines.append(f"{what}: {whole - behind:.0f} of {whole:.0f} µs without the host, {share:.0%}")
    return lines


def _judged(what: str, figure: str, value: float, at_most: float) -> str:
    return f"{what}: {figure}, goal ≤ {at_most:g}{'' if value <= at_most else '  missed'}"


def _spread(ratios: list[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


def _round(per_s: float) -> str:
    """Show two figures: the same loop varies more than the third from minute to minute."""
    digits = len(str(int(per_s)))
    return f"{round(per_s, 2 - digits):,.0f}"
