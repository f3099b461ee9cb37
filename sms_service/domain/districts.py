"""The 22 kabupaten and kota of Nusa Tenggara Timur, and how people write them.

A district is known by its Kemendagri code everywhere (database, API, events). `find` reads what somebody
typed on a keypad: short forms, capitals, islands, slips. Called by menus (pick a district), SMS keywords,
the API and imports. Beware of tables from elsewhere: BPS numbers most districts differently (Belu is
Kemendagri 53.04 and BPS 5306), so a BPS code must never be read as one of these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz, process

_LONGEST_INPUT = 60
_SURE_ENOUGH = 75.0  # ratio in percent: one slip in four letters
_AS_GOOD = 8.0  # candidates this close to the best are offered with it


@dataclass(frozen=True, slots=True)
class District:
    """One kabupaten or kota: code with dot ("53.04"), name for the screen, short form for texts."""

    code: str
    name: str
    short: str
    capital: str
    aliases: tuple[str, ...] = ()


# Codes read in public sources, except 53.02 and 53.03: by elimination, to be confirmed by the office.
# Capitals unconfirmed: Kefamenanu, Waingapu, Waibakul, Seba. They serve to understand input only.
DISTRICTS: tuple[District, ...] = (
    District("53.01", "Kab. Kupang", "KABKUPANG", "Oelamasi", ("kabupaten kupang", "amfoang")),
    District("53.02", "Timor Tengah Selatan", "TTS", "Soe", ("timor selatan",)),
    District("53.03", "Timor Tengah Utara", "TTU", "Kefamenanu", ("timor utara", "kefa")),
    District("53.04", "Belu", "BELU", "Atambua"),
    District("53.05", "Alor", "ALOR", "Kalabahi"),
    District("53.06", "Flores Timur", "FLOTIM", "Larantuka", ("flotim", "adonara", "solor")),
    District("53.07", "Sikka", "SIKKA", "Maumere"),
    District("53.08", "Ende", "ENDE", "Ende", ("kota ende",)),
    District("53.09", "Ngada", "NGADA", "Bajawa", ("ngadha",)),
    District("53.10", "Manggarai", "MANGGARAI", "Ruteng", ("manggarai tengah",)),
    District("53.11", "Sumba Timur", "SUMTIM", "Waingapu", ("sumtim", "sumba timor")),
    District("53.12", "Sumba Barat", "SUMBAR", "Waikabubak"),
    District("53.13", "Lembata", "LEMBATA", "Lewoleba", ("lomblen",)),
    District("53.14", "Rote Ndao", "ROTE", "Ba'a", ("rote", "roti")),
    District("53.15", "Manggarai Barat", "MABAR", "Labuan Bajo", ("mabar", "komodo", "labuhan bajo")),
    District("53.16", "Nagekeo", "NAGEKEO", "Mbay", ("nage keo",)),
    District("53.17", "Sumba Tengah", "SUMTENG", "Waibakul", ("sumteng", "anakalang")),
    District("53.18", "Sumba Barat Daya", "SBD", "Tambolaka", ("sumbar daya", "waitabula", "kodi")),
    District("53.19", "Manggarai Timur", "MATIM", "Borong", ("matim",)),
    District("53.20", "Sabu Raijua", "SABU", "Seba", ("sabu", "sawu", "savu", "raijua", "menia")),
    District("53.21", "Malaka", "MALAKA", "Betun"),
    District("53.71", "Kota Kupang", "KOTA", "Kupang", ("kota", "oesapa", "el tari")),
)

# Names of more than one place. The first is the likelier one; the caller is asked.
_SHARED: dict[str, tuple[str, ...]] = {
    "kupang": ("53.71", "53.01"),
    "timor": ("53.02", "53.03", "53.01", "53.04", "53.21"),
    "timor tengah": ("53.02", "53.03"),
    "sumba": ("53.11", "53.12", "53.17", "53.18"),
    "flores": ("53.06", "53.07", "53.08", "53.09", "53.16", "53.10", "53.15", "53.19"),
}

_BY_CODE = {district.code: district for district in DISTRICTS}
_KIND = re.compile(r"^(?:kabupaten|kab|kotamadya|kota|kodya)\b[ .]*", re.IGNORECASE)


def by_code(code: str) -> District:
    """Return the district of a Kemendagri code, with or without its dot. Raises KeyError."""
    plain = code.strip()
    return _BY_CODE[plain if "." in plain else f"{plain[:2]}.{plain[2:]}"]


def find(text: str) -> tuple[District, ...]:
    """Return what `text` may mean, best first: one district is sure, several are to be asked, or none."""
    typed = text.strip()[:_LONGEST_INPUT]
    if re.fullmatch(r"53\.?\d\d", typed):
        code = typed if "." in typed else f"{typed[:2]}.{typed[2:]}"
        return (_BY_CODE[code],) if code in _BY_CODE else ()
    whole = _compact(typed)
    bare = _compact(_KIND.sub("", typed))
    for compact in (whole, bare):
        if compact in _ALIASES:
            return _named(_ALIASES[compact])
    for compact in (bare, whole):
        found = _beginning(compact) or _similar(compact)
        if found:
            return _named(found)
    return _named(_merge(_ALIASES.get(_compact(word), ()) for word in typed.split()))


def named_exactly(text: str) -> tuple[District, ...]:
    """Return the districts that bear exactly this name, short form or capital; nothing is guessed."""
    return _named(_ALIASES.get(_compact(text), ()))


def _compact(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in plain if character.isalnum())


def _aliases() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for district in DISTRICTS:
        for alias in (district.name, district.short, district.capital, *district.aliases):
            table[_compact(alias)] = (district.code,)
    table.update({_compact(name): codes for name, codes in _SHARED.items()})
    return table


def _beginning(compact: str) -> tuple[str, ...]:
    """Codes of the aliases that start with what was typed."""
    if len(compact) < 3:
        return ()
    return _merge(codes for alias, codes in _ALIASES.items() if alias.startswith(compact))


def _similar(compact: str) -> tuple[str, ...]:
    """Codes of the aliases that are a slip or two away."""
    if len(compact) < 4:
        return ()
    hits = process.extract(compact, _NAMES, scorer=fuzz.ratio, score_cutoff=_SURE_ENOUGH, limit=8)
    if not hits:
        return ()
    best = hits[0][1]
    return _merge(_ALIASES[alias] for alias, score, _ in hits if score >= best - _AS_GOOD)


def _merge(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    merged: dict[str, None] = {}
    for codes in groups:
        merged.update(dict.fromkeys(codes))
    return tuple(merged)


def _named(codes: tuple[str, ...]) -> tuple[District, ...]:
    return tuple(_BY_CODE[code] for code in codes)


_ALIASES = _aliases()
_NAMES = [alias for alias in _ALIASES if len(alias) >= 4]
