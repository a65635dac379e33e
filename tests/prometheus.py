"""A strict reader of Prometheus' text format 0.0.4: what it does not know, or what breaks a convention, fails."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (\S+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
_SUFFIXES = {
    "counter": ("",),
    "gauge": ("",),
    "summary": ("_sum", "_count"),
    "histogram": ("_bucket", "_sum", "_count"),
}
Labels = tuple[tuple[str, str], ...]


@dataclass
class Family:
    """One metric: its kind, and its samples by what stands after its name and their labels."""

    name: str
    kind: str
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def value(self, suffix: str = "", **labels: str) -> float:
        """Return the one sample that has these labels among its own."""
        [found] = [
            value for (end, own), value in self.samples.items() if end == suffix and labels.items() <= dict(own).items()
        ]
        return found


def parse(text: str) -> dict[str, Family]:
    """Read a page, by the names of the metrics."""
    assert text.endswith("\n")
    assert "\r" not in text
    families: dict[str, Family] = {}
    lines = iter(text.splitlines())
    family: Family | None = None
    for line in lines:
        if line.startswith("#"):
            family = _family(line, next(lines))
            assert family.name not in families, f"{family.name} stands twice"
            families[family.name] = family
        else:
            assert family is not None, "a sample before any family"
            _add(family, line)
    for each in families.values():
        _check_names(each)
        if each.kind == "histogram":
            _check_histogram(each)
    return families


def _family(told: str, kind: str) -> Family:
    first, second = re.fullmatch(rf"# HELP ({_NAME}) (\S.*)", told), re.fullmatch(rf"# TYPE ({_NAME}) (\w+)", kind)
    assert first, told
    assert second, kind
    assert first[1] == second[1], (told, kind)
    assert second[2] in _SUFFIXES, kind
    return Family(first[1], second[2])


def _add(family: Family, line: str) -> None:
    found = _SAMPLE.fullmatch(line)
    assert found, line
    assert found[1].startswith(family.name), f"{line} does not belong to {family.name}"
    suffix = found[1].removeprefix(family.name)
    assert suffix in _SUFFIXES[family.kind], line
    labels = _labels(found[2]) if found[2] is not None else ()
    assert (suffix, labels) not in family.samples, f"{line} stands twice"
    value = float(found[3])
    assert family.kind == "gauge" or value >= 0, line
    family.samples[suffix, labels] = value


def _labels(text: str) -> Labels:
    at, found = 0, list[tuple[str, str]]()
    while at < len(text):
        label = _LABEL.match(text, at)
        assert label, text
        assert not label[1].startswith("__"), text
        found.append((label[1], label[2]))
        at = label.end()
    assert len(dict(found)) == len(found), f"a label stands twice: {text}"
    return tuple(sorted(found))


def _check_names(family: Family) -> None:
    assert (family.kind == "counter") == family.name.endswith("_total"), family.name
    assert family.name.startswith("smrthub_"), family.name
    assert not re.search("_(ms|millis|mb|kb|minutes)(_|$)", family.name), f"{family.name}: seconds and bytes"


def _check_histogram(family: Family) -> None:
    series: dict[Labels, list[tuple[float, float]]] = {}
    for (suffix, labels), value in family.samples.items():
        if suffix == "_bucket":
            named = dict(labels)
            bound = float(named.pop("le").replace("+Inf", "inf"))
            series.setdefault(tuple(sorted(named.items())), []).append((bound, value))
    for labels, buckets in series.items():
        bounds, counts = zip(*buckets, strict=True)
        assert list(bounds) == sorted(set(bounds)), (family.name, bounds)
        assert list(counts) == sorted(counts), (family.name, counts)
        assert math.isinf(bounds[-1])
        assert counts[-1] == family.samples["_count", labels]
        assert family.samples["_sum", labels] >= 0
