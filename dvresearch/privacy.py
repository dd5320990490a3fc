"""The one policy on personal data and small numbers.

Columns that hold a person's name, numbers, address, birthday or words are recognised by their header and by their
content, and dropped when a file is loaded; messages name the header, never a cell. A number made from an identity
number with a secret (:func:`pseudonym`) serves to find duplicates within a run and remains personal data: Luật
91/2025/QH15 exempts only data that no longer point to a person. Tables about people hide counts below `MIN_COUNT`.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvresearch import codebook
from dvresearch.errors import ParameterError
from dvresearch.text import nfc, plain, shape

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "KINDS",
    "MIN_COUNT",
    "SURNAMES",
    "TITLES",
    "holds_person",
    "mask",
    "personal_kind",
    "pseudonym",
    "showable",
    "shown_header",
    "suppress",
]

#: The least number of people a published cell of a table about people may stand for.
MIN_COUNT = 10

_DATA = tomllib.loads(Path(__file__).with_name("privacy.toml").read_text(encoding="utf-8"))

#: What a personal column can hold, and the headers that say so (without diacritics).
KINDS = {kind: "|".join(patterns) for kind, patterns in _DATA["headers"].items()}


def _vocabulary(spell: Callable[[str], str]) -> dict[str, set[str]]:
    """Return the words of ``privacy.toml`` in one spelling: with diacritics or without."""
    lists = {name: listed.replace("'", "").split(",") for name, listed in _DATA["names"].items()}
    words = {name: {spell(" ".join(word.split())) for word in listed} for name, listed in lists.items()}
    words["before_place"] |= words["highland"]
    words["bodies"] -= words["given"]
    words["no_first"] = words["before_place"] | words["bodies"]
    # Of the lists of surnames the wider hold the narrower. Without diacritics a surname can be another word ("xa": xã).
    words["sure"] -= words["common"] | words["shared"] | words["highland"]
    words["common"] = (words["common"] - words["shared"]) | words["sure"]
    words["shared"] = (words["shared"] - (words["no_first"] if spell is plain else set())) | words["common"]
    words["addresses"] = words["titles"] | words["roles"]
    words["address_ends"] = {address.split()[-1] for address in words["addresses"]}
    words["no_first"] -= words["shared"] | words["particles"]
    return words


_SPELT, _BARE = _vocabulary(str), _vocabulary(plain)

#: Surnames that are hardly another word, and forms of address: alternatives of a pattern.
SURNAMES = "|".join(sorted(_SPELT["common"]))
TITLES = "|".join(sorted(_SPELT["titles"] | {"ong", "ba", "chi", "co"}))

#: What stands for ``<name>`` in a pattern.
_PARTS = _DATA["parts"] | {name: "|".join(sorted(words)).replace(" ", r"\ ") for name, words in _SPELT.items()}
_PATTERNS = {n: re.compile(re.sub(r"<(\w+)>", lambda m: _PARTS[m[1]], t)) for n, t in _DATA["patterns"].items()}
_VOWELS = frozenset("aeiouy")
#: One word that names nobody: a code of a dossier, a field, a unit.
CODE = _PATTERNS["code"]
#: Patterns that tell a person, and the marks one of which a text that fits has.
_TELLING = {name: set(marks) for name, marks in _DATA["telling"].items()}
# Longer texts (characters) that hardly repeat are written by or about someone; in fewer cells procedures do not repeat
# either. Then the shares of a sample's cells that must look personal before the column is taken to be so.
_LONG, _FEW = 60, 20
#: Characters of a header that are shown: a question of a survey is longer than a word.
_HEADER = 400
_NEARLY_ALL, _MOST, _SOME = 0.9, 0.5, 0.2


def personal_kind(title: str, cells: Iterable[Any] = (), *, header: bool = True) -> str | None:
    """Tell what personal data a column holds, by its header or by its content.

    Parameters
    ----------
    title : str
        The header.
    cells : iterable
        Some cells of the column.
    header : bool, default True
        Whether the header counts; False for a column known by its meaning (a unit), of which the content is doubted.

    Returns
    -------
    str or None
        A key of `KINDS`.
    """
    name = plain(title) if header else ""
    stated = [kind for kind, pattern in KINDS.items() if re.fullmatch(pattern, name)]
    texts = [t for t in (_text(c) for c in cells) if t]
    if stated or not texts:
        return stated[0] if stated else None
    distinct = set(texts)
    digits = [re.sub(r"[ .()\-]", "", t) for t in distinct]

    def share(pattern: str, values: Iterable[str]) -> float:
        return sum(bool(_PATTERNS[pattern].search(value)) for value in values) / len(distinct)

    if share("email", distinct) >= _SOME:
        return "email"
    if share("citizen", digits) >= _MOST or (header and len(distinct) > 2 and share("old_id", digits) >= _NEARLY_ALL):
        return "id_number"
    if header and share("phone", digits) >= _MOST:
        return "phone"
    if sum(_is_name(text.split()) for text in distinct) >= _MOST * len(distinct):
        return "name"
    if header and share("street", distinct) >= _MOST:
        return "address"
    long = sorted(map(len, texts))[len(texts) // 2] > _LONG
    return "free_text" if long and len(texts) >= _FEW and len(distinct) > 0.8 * len(texts) else None


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        # A spreadsheet that took a telephone number for a number has lost its leading zero.
        return re.sub(r"^[35789]\d{8}$", r"0\g<0>", str(int(cell)))
    return nfc(str(cell)).strip() if isinstance(cell, (str, int)) else ""


def _is_name(words: Sequence[str], *, whole: bool = True) -> bool:
    """Tell whether words read as a name; if `whole`, they stand alone or where a name is expected."""
    text = " ".join(words)
    names, low = _BARE if text.isascii() else _SPELT, text.lower().replace("'", "").split()
    if not 2 <= len(low) <= 6 or not "".join(low).isalpha() or " ".join(low) in names["no_names"]:
        return False
    # An acronym is no part of a name.
    capital = text.isupper() or all(w in names["marks"] or (w[0].isupper() and not w[1:].isupper()) for w in words)
    particle = capital and whole and words[0].lower().split("'")[0] in names["particles"]
    second = low[1] if len(low) > 2 else ""
    marked, weight = second in names["marks"], sum(low[0] in names[tier] for tier in ("shared", "common", "sure"))
    if not marked and ((second and low[-1] in "abcd") or not names["bodies"].isdisjoint(low[1:])):
        return False
    if not capital or text.isupper() or text.isascii():
        usual = names is _SPELT and second in names["middles"]
        usual |= capital and len(low) in (3, 4) and not names["given"].isdisjoint(low[1:])
        alone = whole and (particle or weight > 2 or (weight > 1 and capital) or (weight > 0 and usual))
        pairs = (" ".join(low[i : i + n]) for n in (2, 3) for i in range(len(low) - 1))
        return (alone or (weight > 0 and marked) or (weight > 1 and usual)) and names["no_names"].isdisjoint(pairs)
    # A well-known surname or a mark outweighs that the words begin like something else.
    if weight > 1 or (weight and marked) or not names["no_names"].isdisjoint((" ".join(low[:2]), " ".join(low[:3]))):
        return weight > 1 or marked
    if particle or weight or not whole or low[0] in names["no_first"]:
        return particle or (weight > 0 and (second != "" or low[1] not in names["syllables"]))
    # No known surname: a mark tells, or a word with diacritics that is no Vietnamese syllable.
    foreign = any(not w.isascii() and not _PATTERNS["syllable"].fullmatch(plain(w)) for w in low)
    return marked or not names["particles"].isdisjoint(low[1:-1]) or (foreign and names["highland"].isdisjoint(low))


def holds_person(text: str) -> bool:
    """Tell whether a text names a person, or holds a personal number or an account, anywhere in it.

    A name is told by surname, middle name, particle or form of address (``privacy.toml``), that of a street, school or
    ward by the word before it. Two words count only alone, in a list or beside words that speak of a person.

    Parameters
    ----------
    text : str
        The content of one cell.
    """
    if " " not in text and CODE.fullmatch(text):
        return False  # the common case
    text = unicodedata.normalize("NFKC", text.replace("’", "'").replace("‘", "'"))
    told = [name for name, marks in _TELLING.items() if not marks.isdisjoint(text) and _PATTERNS[name].search(text)]
    if told or (_PATTERNS["many"].search(text) and _PATTERNS["number"].search(_PATTERNS["dates"].sub("|", text))):
        return True
    words, names = _PATTERNS["word"].findall(text), _BARE if text.isascii() else _SPELT
    low = [w.lower().rstrip(".") or w for w in words]
    spots = {i for i, w in enumerate(low) if w in names["shared"] or w in names["particles"] or "'" in w}
    spots |= {i + 1 for i, w in enumerate(low) if w in names["address_ends"] or not w[0].isalnum()}
    place = len(words)  # the last name of a place; behind it names, marks and "and" are of places, too
    for i in sorted((spots | ({0} if text[:1].isupper() else set())) - {len(words)}):
        beside = place < i and not any(w[0].islower() and w not in ("và", "đến") for w in words[place:i])
        if words[i][0].isupper() and (beside or _is_place(names, low, i)):
            place = i if low[i] in names["shared"] else place
        elif low[i] not in names["no_first"] and _begins_name(names, words, low, i):
            return True
    return False


def _is_place(names: dict[str, set[str]], low: list[str], i: int) -> bool:
    """Tell whether the words before the one at `i` make it the name of a place or a body."""
    one, two = " ".join(low[max(i - 1, 0) : i]), " ".join(low[max(i - 2, 0) : i])
    return two in names["before_place"] or (one in names["before_place"] and two not in names["addresses"])


def _begins_name(names: dict[str, set[str]], words: list[str], low: list[str], i: int) -> bool:
    """Tell whether a person's name begins at word `i`."""
    before, two, upper = low[i - 1] if i else "", " ".join(low[max(i - 2, 0) : i]), words[i][0].isupper()
    called = upper and (before in names["titles"] or two in names["addresses"])
    if called and _is_given(names, words, low, i):
        return True
    alike = (w[0].isalpha() and (w in names["marks"] or w[0].isupper() == upper) for w in words[i:])
    end = i + next((n for n, same in enumerate(alike) if not same), len(words) - i)
    start, behind = not before[:1].isalnum(), "".join(low[end : end + 1])
    expected = called or before in names["before_name"] or (start and behind in names["after_name"])
    alone = expected or (start and not behind[:1].isalpha())
    within = end > i + 2 and low[i] in names["shared"] and _is_name(words[i : i + 3], whole=expected)
    return within or (alone and _is_name(words[i:end]))


def _is_given(names: dict[str, set[str]], words: list[str], low: list[str], i: int) -> bool:
    """Tell whether the word at `i`, behind a form of address or a post, is somebody's name."""
    word, title, two = low[i], low[i - 1], " ".join(low[max(i - 2, 0) : i])
    beside, barred = {f"{title} {word}", " ".join(low[i : i + 2])}, "ordinary" if words[i].isupper() else "no_given"
    if word in names[barred] or not names["no_names"].isdisjoint(beside) or _is_place(names, low, i - 1):
        return False
    if _VOWELS.isdisjoint(plain(word)):
        return False  # an acronym: DTTS, "Ngay co KQ"
    if words[i - 1] != title and (names is _BARE or (i > 1 and words[i - 2][0].isupper())):
        return title in ("ông", "bà", "ong", "mr", "mrs", "ms")  # with a capital the others begin many other words
    return two not in names["roles"] or (words[i][1:].islower() and word not in names["no_first"] | names["syllables"])


def mask(text: str) -> str:
    """Return a comment with names, numbers and e-mail addresses replaced by ``…``.

    Names are told by a surname, a middle name or a title before a capital. A lone given name in small letters is not
    told: a masked comment still is no text to publish.

    Parameters
    ----------
    text : str
        A comment.
    """
    text = _PATTERNS["email"].sub("…", nfc(text))
    text = _PATTERNS["titled"].sub(r"\1…", _PATTERNS["named"].sub("…", text))
    return _PATTERNS["numbers"].sub("…", _PATTERNS["capitals"].sub(_without_names, text))


def _without_names(found: re.Match[str]) -> str:
    words = found[0].split()
    at = next((i for i in range(len(words) - 1) if _is_name(words[i : i + 4])), None)
    return found[0] if at is None else " ".join([*words[:at], "…", *words[at + 4 :]])


def showable(text: str, longest: int = _LONG) -> str:
    """Return a text for a message: as it is, or only its shape when it looks like somebody's data or address.

    Parameters
    ----------
    text : str
        A header or a word.
    longest : int
        Characters at which it is cut.
    """
    text = " ".join(text.split())
    if holds_person(text) or _PATTERNS["residence"].search(text):
        return shape(text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


@cache
def _known_headers() -> frozenset[str]:
    entries = codebook.entries("column")
    return frozenset(plain(name) for e in entries for name in (e.label_vi, e.label_en, *e.aliases))


def shown_header(text: str) -> str:
    """Return a header for a message: as it stands where it is known, otherwise as :func:`showable` does.

    Without diacritics, in capitals, or with each word in one, a header looks like a name; the question of a survey
    is longer than a word.

    Parameters
    ----------
    text : str
        A header.
    """
    return " ".join(text.split()) if plain(text) in _known_headers() else showable(text, _HEADER)


def pseudonym(values: Iterable[str], salt: str) -> list[str]:
    """Return a key for each identifier: equal for equal ones, of no use without the salt.

    Whoever knows the salt can compute the key of any identity number, so the keys are personal data still. They serve
    to find duplicates within one run and are not to be written anywhere.

    Parameters
    ----------
    values : iterable of str
        Identifiers; an empty one gives an empty key.
    salt : str
        A secret of at least eight characters, kept apart from the data.

    Raises
    ------
    ParameterError
        For a shorter salt.
    """
    if len(salt) < 8:
        raise ParameterError("salt-too-short", got=f"{len(salt)}")
    secret = hashlib.blake2b(salt.encode()).digest()
    return [hashlib.blake2b(v.encode(), key=secret, digest_size=12).hexdigest() if v else "" for v in values]


def suppress(
    table: pd.DataFrame,
    *,
    count: str = "n",
    hide: Sequence[str] = ("value", "std_error", "lower", "upper", "numerator", "denominator", "n"),
    totals: Sequence[Sequence[str]] = ((),),
    min_count: int = MIN_COUNT,
) -> pd.DataFrame:
    """Hide the rows of a table about people that stand for too few of them.

    Parameters
    ----------
    table : DataFrame
        A table about respondents, petitioners or other people; with ``flags`` and ``reason`` as estimates
        have them, or without. Not for figures that are published already.
    count : str, default "n"
        Column with the number of people behind each row.
    hide : sequence of str
        Columns emptied in a hidden row, as far as present.
    totals : sequence of sequences of str, default ((),)
        The totals that are shown elsewhere, each by the columns that name its groups: ``()`` is that of the whole
        table, ``(("unit",), ("kind",))`` are the margins of a table of units by kinds.
    min_count : int, default `MIN_COUNT`
        The least count shown.

    Returns
    -------
    DataFrame
        A copy. A hidden row has the flag ``suppressed`` and the reason ``small_count``, or ``secondary`` where it is
        hidden only because the totals would give away another one. A count of zero is shown: it is nobody.

    Notes
    -----
    Within each total at least two rows are hidden and together they stand for `min_count` people or more; the next
    smallest row is hidden until that holds, and until no small count follows from all the totals together.
    """
    if min_count < 1:
        raise ParameterError("min-count-below-1", got=str(min_count), least=MIN_COUNT)
    import numpy as np
    import pandas as pd

    out = table.copy()
    numbers = pd.to_numeric(out[count], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    groups = [np.arange(len(out))] if () in map(tuple, totals) else []
    for columns in map(list, filter(None, totals)):
        groups += out.groupby(columns, dropna=False, sort=False).indices.values()
    small = (numbers > 0) & (numbers < min_count)
    hidden = _protect(small, numbers, groups, min_count)
    for column in out.columns.intersection(hide):
        out[column] = out[column].astype("float64").mask(hidden)
    if "flags" in out.columns:
        from dvresearch.tables import FLAGS

        old = out.loc[hidden, "flags"].fillna("").str.split(";")
        out.loc[hidden, "flags"] = [";".join(f for f in FLAGS if f in (*words, "suppressed")) for words in old]
    if "reason" in out.columns:
        out.loc[small, "reason"] = "small_count"
        out.loc[hidden & ~small, "reason"] = "secondary"
    return out


def _protect(
    small: NDArray[np.bool_], numbers: NDArray[np.float64], groups: Sequence[NDArray[np.intp]], min_count: int
) -> NDArray[np.bool_]:
    """Return which rows to hide so that no small one can be had from the totals of `groups`."""
    import numpy as np

    hidden = small.copy()

    def hide_next(rows: NDArray[np.intp]) -> bool:
        """Hide the smallest shown row that stands for anybody; tell whether there was one."""
        rest = rows[~hidden[rows] & (numbers[rows] > 0)]
        if len(rest):
            hidden[rest[numbers[rest].argmin()]] = True
        return bool(len(rest))

    pending = True
    while pending:
        pending = False
        for rows in groups:
            gone = rows[hidden[rows]]
            if len(gone) and (len(gone) < 2 or numbers[gone].sum() < min_count):
                pending |= hide_next(rows)
        if not pending:
            open_rows = np.flatnonzero(small & hidden)[_given_away(hidden, groups)[small[hidden]]]
            pending = any(hide_next(rows) for row in open_rows for rows in groups if row in rows)
    return hidden


def _given_away(hidden: NDArray[np.bool_], groups: Sequence[NDArray[np.intp]]) -> NDArray[np.bool_]:
    """Tell which of the hidden rows follow from the totals.

    Such a row is the same in every solution: a random vector, projected on the directions that leave all the totals as
    they are, is zero there.
    """
    import numpy as np
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import lsqr

    place = np.cumsum(hidden) - 1
    cells = [(i, place[row]) for i, rows in enumerate(groups) for row in rows[hidden[rows]]]
    if not cells:
        return np.zeros(int(hidden.sum()), dtype=bool)
    i, j = np.array(cells).T
    sums = csr_array((np.ones(len(i)), (i, j)), shape=(len(groups), int(hidden.sum())))
    vector = np.random.default_rng(0).standard_normal(sums.shape[1])
    fixed = lsqr(sums, sums @ vector, atol=1e-13, btol=1e-13)[0]
    return np.abs(vector - fixed) < 1e-7
