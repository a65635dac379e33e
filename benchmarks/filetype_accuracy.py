"""How often ``smrtdetect.filetype`` names a text rightly, on files of this machine that its rules were not tuned on.

Every package (the first two folders below a root) falls by its name's digest into one of two halves: the rules may be
tuned on the one, the figures come from the other. Of each file one piece is taken, as a person would copy it: the whole of
a small file, its first 40 lines, or 10 lines from anywhere. Left out are only pieces of programs whose every line begins as a
remark: nobody could say what they are of. Prose is taken from web pages' paragraphs, manual pages, licences and read-me files.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.text_samples import Piece, default_folders, find_files, pieces_of
from python_core.smrtdetect.filetype import detect


def report(pieces: list[Piece], show: str | None) -> None:
    """Print recall and precision a type, what is taken for what, and how far the confidences can be believed."""
    named: dict[str, Counter[str]] = defaultdict(Counter)
    claimed: Counter[str] = Counter()
    right_claims: Counter[str] = Counter()
    by_form: dict[str, list[bool]] = defaultdict(list)
    by_confidence: dict[int, list[bool]] = defaultdict(list)
    spent_us = []
    for piece in pieces:
        began = time.perf_counter_ns()
        found = detect(piece.text)
        spent_us.append((time.perf_counter_ns() - began) / 1000)
        is_right = found.type_id in piece.right.split("|")
        named[piece.right][found.type_id] += 1
        claimed[found.type_id] += 1
        right_claims[found.type_id] += is_right
        by_form["prose" if piece.right == "text" else piece.form].append(is_right)
        by_confidence[int(found.confidence * 10)].append(is_right)
        if show and show in (f"{piece.right}>{found.type_id}", f"{piece.right}>", f">{found.type_id}") and not is_right:
            missed = f"--- {piece.right} > {found.type_id} {found.confidence} ({piece.form}) {piece.path}"
            print(f"{missed}\n{piece.text[:700]}")
    print(f"{'type':12} {'pieces':>6} {'recall':>7} {'precision':>9}  taken for")
    for label, counts in sorted(named.items()):
        total = counts.total()
        hits = sum(counts[right] for right in label.split("|"))
        claims = sum(claimed[right] for right in label.split("|"))
        precision = f"{sum(right_claims[right] for right in label.split('|')) / claims:9.3f}" if claims else "        -"
        misses = [f"{name} {n}" for name, n in counts.most_common() if name not in label.split("|")]
        print(f"{label:12} {total:6} {hits / total:7.3f} {precision}  {', '.join(misses[:8])}")
    everything = [is_right for rights in by_form.values() for is_right in rights]
    print(f"\nall {len(everything)} pieces: {statistics.fmean(everything):.3f} right")
    for form, rights in sorted(by_form.items()):
        print(f"  {form:10} {len(rights):6} {statistics.fmean(rights):.3f}")
    prose = named["text"]
    print(f"prose taken for something else: {1 - prose['text'] / max(1, prose.total()):.4f} of {prose.total()}")
    print("right, by confidence: ", end="")
    print(", ".join(f"0.{k}: {statistics.fmean(v):.2f} of {len(v)}" for k, v in sorted(by_confidence.items())))
    most_us = sorted(spent_us)[len(spent_us) * 99 // 100]
    print(f"time a piece: median {statistics.median(spent_us):.0f} us, 99 of 100 within {most_us:.0f} us")


def report_speed() -> None:
    """Print what ``detect`` costs for what is copied most: prose of 1 KB, a few words, an address."""
    prose = (
        "The quick answer is that nobody knows. Most of the people who were asked (about forty, over two weeks) said "
        'that they would rather wait; a few, however, wanted to begin at once.\n\nOne of them said: "I have waited '
        'long enough". Nobody had an answer to that, and so the meeting ended, an hour early and without a plan. What '
        "happened next is told in many ways, and the one below is only the shortest of them.\n\nIn the spring, when the "
        "road was open again, two of them went down to the coast to see for themselves. They found the house empty, the "
        "garden well kept, and on the table a letter - not to them, but they read it all the same. It was short.\n\n"
        "Since then the story has been told so often that everybody believes to have been there. "
    ) * 2
    for name, text in (
        ("prose, 1 KB", prose[:1024]),
        ("a few words", "the quick answer"),
        ("an address", "https://example.com/a/b?c=d"),
        ("Python, 1 KB", ("def f(a, b):\n    if a > b:\n        return a\n    return self.go(b)\n\n" * 20)[:1024]),
        ("JSON, 1 KB", "[" + ",".join(['{"name":"some value","n":12.5}'] * 33) + "]"),
    ):
        rounds = []
        for _ in range(300):  # short rounds, so that some of them are not interrupted on a busy machine
            began = time.perf_counter_ns()
            for _ in range(10):
                detect(text)
            rounds.append((time.perf_counter_ns() - began) / 10_000)
        print(f"{name:14} {min(rounds):7.1f} us at best, {statistics.median(rounds):7.1f} in the median")


def main() -> None:
    """Sample, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=["holdout", "tune", "all"], default="holdout")
    parser.add_argument("--count", type=int, default=150, help="pieces of each type")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, action="append", help="take files from here instead; may be repeated")
    parser.add_argument("--show", help="print misses of this kind, such as 'text>', '>shell' or 'c>cpp'")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    files = find_files(options.folder or default_folders(), options.half, rng)
    report(pieces_of(files, options.count, rng), options.show)
    print()
    report_speed()


if __name__ == "__main__":
    main()
