"""Made texts with the words of real use: a few hundred that stand everywhere, many that are rare (Zipf), some met once.

The same seed makes the same texts.
"""

from __future__ import annotations

import itertools
from random import Random
from typing import NamedTuple

#: The commonest words of English, by rank; those after them are made of syllables.
_COMMON = (
    "the of and to in is you that it he was for on are as with his they at be this have from or one had by word but not "
    "what all were we when your can said there use an each which she do how their if will up other about out many then "
    "them these so some her would make like him into time has look two more write go see number no way could people my "
    "than first water been call who oil its now find long down day did get come made may part"
)
_SYLLABLES = (
    "ba be bi bo ca ce co da de di do fa fe fi ga ge go ha he hi ja jo ka ke ki la le li lo ma me mi mo na ne ni no pa pe "
    "pi po ra re ri ro sa se si so ta te ti to va ve vi vo wa we za ze zo tra ble con ment ster ing tion gra pla str"
)
VOCABULARY = 120_000
EXPONENT = 1.05
#: Where Chinese characters begin; the commoner of them are drawn more often, as words are.
_HAN, _HAN_COUNT = 0x4E00, 3_000


class Page(NamedTuple):
    """A page that was made up, as a browser tells of it."""

    url: str
    site: str
    title: str


class Words:
    """Draws texts; ``commonest`` words first in ``vocabulary``."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        common = _COMMON.split()
        self.vocabulary = [*common, *(_made_word(rank) for rank in range(VOCABULARY - len(common)))]
        self._weights = _zipf(VOCABULARY, EXPONENT)
        self._han = [chr(_HAN + n * 6) for n in range(_HAN_COUNT)]
        self._han_weights = _zipf(_HAN_COUNT, 0.9)
        self._sites = [self._make_site(n) for n in range(2_000)]
        self._site_weights = _zipf(len(self._sites), 1.0)

    def draw(self, count: int) -> list[str]:
        """Draw words by how common they are."""
        return self.random.choices(self.vocabulary, cum_weights=self._weights, k=count)

    def prose(self, count: int) -> str:
        """Write sentences of about so many words, with a number or a name here and there that stands nowhere else."""
        words = self.draw(count)
        for at in range(8, count, 40):
            words[at] = f"{words[at]}{self.random.getrandbits(24):x}"
        for at in range(0, count, 12):
            words[at] = words[at].capitalize()
            words[min(at + 11, count - 1)] += ".\n" if at % 48 == 36 else "."
        return " ".join(words)

    def code(self, count: int) -> str:
        """Write lines of a program: names in camelCase and snake_case, dots, brackets."""
        lines = []
        for _ in range(max(1, count // 6)):
            a, b, c, d, e = self.draw(5)
            lines.append(
                f"    {a}_{b} = self.{c}{d.capitalize()}{e.capitalize()}({a}, limit={self.random.randrange(999)})"
            )
        return "\n".join(lines)

    def han(self, count: int) -> str:
        """Write Chinese characters in sentences, without spaces as it is written."""
        text = "".join(self.random.choices(self._han, cum_weights=self._han_weights, k=count * 2))
        return "。".join(text[at : at + 18] for at in range(0, len(text), 18))

    def page(self) -> Page:
        """Make up a page of one of 2,000 sites, of which a few are visited most."""
        [site] = self.random.choices(self._sites, cum_weights=self._site_weights)
        words = self.draw(self.random.randint(3, 9))
        path = "/".join(("-".join(words[:4]), str(self.random.getrandbits(20))))
        return Page(f"https://{site}/{path}", site.removeprefix("www."), f"{' '.join(words).capitalize()} - {site}")

    def length(self, usual: int) -> int:
        """Draw a number of words: most texts are short, a few are long, ``usual`` on average."""
        return max(1, min(20 * usual, int(self.random.lognormvariate(0, 0.9) * usual / 1.5)))

    def _make_site(self, n: int) -> str:
        name = _made_word(n * 7 + 3) + _made_word(n * 13 + 11)
        host = f"{name}.{('com', 'org', 'example', 'net', 'co.uk')[n % 5]}"
        return f"{('www', 'docs', 'mail', '')[n % 4]}.{host}".lstrip(".")


def _made_word(rank: int) -> str:
    """Make the word of a rank: rarer words are longer."""
    syllables = _SYLLABLES.split()
    number, base = rank + len(syllables), len(syllables)
    made = ""
    while number:
        number, digit = divmod(number, base)
        made += syllables[(digit * 37 + 11) % base]
    return made


def _zipf(count: int, exponent: float) -> list[float]:
    return list(itertools.accumulate(1 / (rank + 2.7) ** exponent for rank in range(count)))
