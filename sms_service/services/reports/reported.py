"""Names and numbers of which callers are told that there are several reports: a read model of every process.

What is shown must itself be carried by REPORTING_THRESHOLD independent reporters of one cluster that staff
hold together: a single report inside a large cluster that names an honest company shows nothing about that
company. Where the office has signed its own warning, what two reporters or most reports give is enough.
A person's name that many bear is never shown, only a number. Below the threshold nothing leaves this module.

Neither names nor numbers are kept readable in memory: both are found by their keyed hash. A name must be
the same (legal form, case, signs and forms of address aside); a similar one is another name. Where the
official list knows nothing like it, another way to write the same sounds is the same name too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import Row, or_, select

from sms_service.domain import company_names
from sms_service.domain.corroboration import UNFOUNDED, weigh
from sms_service.domain.report_matching import Names
from sms_service.domain.report_words import Who, read_question, read_who, sounds_common
from sms_service.services.read_models import ReadModel
from sms_service.services.reports.index import opened
from sms_service.services.reports.links import heard, rows_of_cluster
from sms_service.store.engine import Tx
from sms_service.store.models import ReportCluster

READ_MODEL = "reported"
Standing = Literal["reports", "warning"]  # several reports to the office; the office itself warns

_TELLING_BITS = 10.0  # of a name without legal form: one rare word, or several common ones
_COMMON_BITS = 4.4
_NAMES = Names()  # no name is known to it: a word's worth is that of the fixed list


@dataclass(frozen=True, slots=True)
class Facts:
    """What of one cluster may be shown: names with their legal form ("" where none was given), the same as
    they are spoken, and hashes of numbers."""

    names: tuple[tuple[str, str], ...] = ()  # form, compact
    spoken: tuple[tuple[str, str], ...] = ()  # form, spoken
    phones: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reported:
    """What callers are told of, by keyed hash. `digest` is the vault's."""

    names: Mapping[tuple[str, str], Standing] = field(default_factory=lambda: MappingProxyType({}))
    spoken: Mapping[tuple[str, str], Standing] = field(default_factory=lambda: MappingProxyType({}))
    phones: Mapping[str, Standing] = field(default_factory=lambda: MappingProxyType({}))
    digest: Callable[[str], str] = str

    def about(self, typed: str) -> Standing | None:
        """What is to be said about the name or number that a caller typed."""
        rest, number = company_names.split_phone(typed)
        return self._strongest([self.about_number(number or ""), self.about_name(read_question(rest))])

    def about_spoken(self, typed: str) -> Standing | None:
        """What is to be said about a name that is spoken as the typed one: only where the official list holds
        nothing like it, or an honest company would answer for its namesake."""
        who = read_question(company_names.split_phone(typed)[0])
        return self._find(self.spoken, who.form, f"spoken {who.spoken}") if _is_telling(who) else None

    def about_company(self, name: str, phone: str, typed: str = "") -> Standing | None:
        """What is to be said about a company of the list: its very name, its public number (E.164), or a
        number that was typed beside its name."""
        _, number = company_names.split_phone(typed)
        numbers = [self.about_number(each) for each in (phone, number or "")]
        return self._strongest([*numbers, self.about_name(read_who(name))])

    def about_number(self, number: str) -> Standing | None:
        """What is to be said about a number (E.164)."""
        return self.phones.get(self.digest(number)) if number and self.phones else None

    def about_name(self, who: Who) -> Standing | None:
        """What is to be said about a name. Where both state a legal form it must be the same."""
        return self._find(self.names, who.form, who.compact) if who.compact else None

    def _find(self, known: Mapping[tuple[str, str], Standing], form: str, words: str) -> Standing | None:
        if not known:
            return None
        name = self.digest(_named(words))
        if not form:
            return self._strongest(said for (_, each), said in known.items() if each == name)
        return self._strongest([known.get((form, name)), known.get(("", name))])

    @staticmethod
    def _strongest(said: Iterable[Standing | None]) -> Standing | None:
        found = set(said)
        return "warning" if "warning" in found else "reports" if "reports" in found else None


NOTHING_REPORTED = Reported()


def new_read_model(threshold: int) -> ReadModel[Reported]:
    """The list in memory, for the ReadModels of a process."""
    return ReadModel(READ_MODEL, lambda tx: load(tx, threshold), NOTHING_REPORTED)


def load(tx: Tx, threshold: int) -> Reported:
    """Read what may be shown of all clusters that reach the threshold, or that the office warns about."""
    names: dict[tuple[str, str], Standing] = {}
    spoken: dict[tuple[str, str], Standing] = {}
    phones: dict[str, Standing] = {}
    shown = or_(ReportCluster.independent >= threshold, ReportCluster.confirmed_at.is_not(None))
    wanted = select(ReportCluster.id, ReportCluster.confirmed_at).where(ReportCluster.status == "open", shown)
    for cluster in tx.execute(wanted):
        is_confirmed = cluster.confirmed_at is not None
        facts = facts_of(tx, rows_of_cluster(tx, cluster.id), threshold, is_confirmed=is_confirmed)
        standing: Standing = "warning" if is_confirmed else "reports"
        for form, compact in facts.names:
            _raise_to(names, (form, tx.vault.number_hash(_named(compact))), standing)
        for form, sounds in facts.spoken:
            _raise_to(spoken, (form, tx.vault.number_hash(_named(f"spoken {sounds}"))), standing)
        for phone in facts.phones:
            _raise_to(phones, phone, standing)
    known = (MappingProxyType(names), MappingProxyType(spoken), MappingProxyType(phones))
    return Reported(*known, tx.vault.number_hash)


def facts_of(tx: Tx, rows: Sequence[Row[Any]], threshold: int, *, is_confirmed: bool) -> Facts:
    """Return what may be shown of one cluster's reports."""
    told = [row for row in rows if row.redacted_at is None and row.outcome not in UNFOUNDED]
    whos = {row.id: read_who(opened(tx, row.recruiter_name_sealed)) for row in told}
    enough = _Enough(tx, told, threshold, is_confirmed=is_confirmed)
    names = _carried(whos, {who: who.compact for who in whos.values()}, told, enough)
    spoken = _carried(whos, {who: who.spoken for who in whos.values()}, told, enough)
    phones = sorted({row.recruiter_phone_hash for row in told} - {None})
    numbers = [each for each in phones if enough([row for row in told if row.recruiter_phone_hash == each])]
    return Facts(names, spoken, tuple(numbers))


def _carried(
    whos: Mapping[int, Who], written: Mapping[Who, str], told: Sequence[Row[Any]], enough: _Enough
) -> tuple[tuple[str, str], ...]:
    """Legal form and name, as it is `written` for the comparison, of those that enough reporters give."""
    carried = []
    for form, name in sorted({(who.form, written[who]) for who in whos.values() if _is_telling(who)}):
        same = {who for who in written if written[who] == name and who.form in ("", form)}
        if enough([row for row in told if whos[row.id] in same]):
            carried.append((form, name))
    return tuple(carried)


class _Enough:
    """Whether those who give one name or number are enough to show it."""

    def __init__(self, tx: Tx, told: Sequence[Row[Any]], threshold: int, *, is_confirmed: bool) -> None:
        self._heard = {row.id: heard(tx, row) for row in told}
        self._threshold = threshold
        self._is_confirmed = is_confirmed

    def __call__(self, bearers: Sequence[Row[Any]]) -> bool:
        independent = weigh((self._heard[row.id] for row in bearers), self._threshold).independent
        if self._is_confirmed and (independent >= 2 or 2 * len(bearers) > len(self._heard)):
            return True
        return independent >= self._threshold


def _is_telling(who: Who) -> bool:
    """A company by its legal form; a name without one only when few can bear it."""
    if not who.compact:
        return False
    return bool(who.form) or sum(map(_bits, who.folded)) >= _TELLING_BITS - 0.1


def _bits(word: str) -> float:
    """A name that is spoken as one that many bear is borne by as many: "Marya" tells no more than "Maria"."""
    return min(_NAMES.bits(word), _COMMON_BITS) if sounds_common(word) else _NAMES.bits(word)


def _named(compact: str) -> str:
    return f"reported name|{compact}"


def _raise_to(known: dict[Any, Standing], key: Any, standing: Standing) -> None:
    if known.get(key) != "warning":
        known[key] = standing
