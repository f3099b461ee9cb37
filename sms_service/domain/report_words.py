"""Who a report names, made comparable: a person's or company's name, and a village.

Reporters write "Pak Budi", "si Yohanes Bria", "PT. Maju Jaya", "tidak tahu". What only addresses somebody is
taken off, and words that say "I do not know" are no name: two people who know nothing do not speak of the
same recruiter. Called by report_matching and services/reports/reported.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from sms_service.domain import company_names

_ADDRESSES_TEXT = """
    pak bapak bpk bapa ibu bu ibunda mama om tante kak kakak ka bang abang bung nona nyonya ny tn tuan mas
    mbak sdr sdri saudara saudari haji hajah hj pater romo pendeta pdt suster bruder ustad ustadz bos boss mr
    mrs si nama namanya bernama orang perekrut calo agen sponsor yang the called named agent recruiter broker
"""
_ADDRESSES = frozenset(_ADDRESSES_TEXT.split())
_NOT_KNOWN_TEXT = """
    tidak tak tdk gak ga nggak enggak kurang belum tahu tau kenal ingat ada lupa anonim rahasia kosong apa
    siapa unknown not know no none dont do i forgot name x xx xxx na n a
"""
_NOT_KNOWN = frozenset(_NOT_KNOWN_TEXT.split())
_VILLAGES_TEXT = "desa ds kelurahan kel dusun dsn kampung kp kec kecamatan rt rw village di dekat near"
_VILLAGES = frozenset(_VILLAGES_TEXT.split())
# Words that so many people and companies here are called by that they tell little by themselves. They are
# held to be common from the first report on; all others only once many reports bear them.
_COMMON_TEXT = """
    maria yohanes yohan yosep yosef yoseph yusuf petrus paulus stefanus antonius fransiskus agustinus martinus
    markus matius lukas simon andreas thomas tomas dominikus benediktus emanuel emanuela kristina kristian
    theresia teresia veronika anastasia elisabet elisabeth margareta magdalena martha marta yuliana yulius
    yohana rosalia katarina agnes anna ana adriana adrianus wilhelmus gabriel rafael mikael melkianus melki
    anton beni roni feri hendrik john jon joni deni dominggus domi goreti bernadeta yanti
    budi agus joko slamet siti nur muhamad muhammad ahmad dewi sri eko dwi tri rudi hendra andi iwan yanto
    santoso susanto setiawan wati yani adi edi heri ani rina lina
    maju jaya karya mandiri sejahtera abadi utama bersama indonesia nusantara sukses makmur bina tenaga kerja
    prima putra putri sumber global internasional international perkasa sentosa anugerah timur flores kupang
    ntt malaysia agency lpk pusat cabang contoh
"""
# Ways in which one sound is written here. No slips, and nothing that is spoken otherwise.
_ONE_SOUND = (
    ("ph", "f"), ("v", "f"), ("th", "t"), ("dh", "d"), ("kh", "k"), ("ck", "k"), ("q", "k"), ("x", "ks"),
    ("y", "i"),
)  # fmt: skip
COMMON = frozenset(_COMMON_TEXT.split())


@dataclass(frozen=True, slots=True)
class Who:
    """A name taken apart: legal form ("pt", or "" where none is stated) and its words, addresses left out."""

    form: str
    words: tuple[str, ...]

    @property
    def compact(self) -> str:
        """What makes it the same name: its words in one. Empty: nobody is named."""
        return "".join(self.words)

    @property
    def spoken(self) -> str:
        """The same for names that differ only in how one sound is written ("Wempi Taebenu", "Wempy
        Taebenoe"): who heard a name cannot know how its bearer writes it."""
        return _spoken(self.compact)

    @property
    def folded(self) -> tuple[str, ...]:
        """Its words with old spelling and doubled letters made one: for similarity only."""
        return tuple(company_names.fold(word) for word in self.words)


def read_who(text: str) -> Who:
    """Take a name apart: "Bapak Yohanes Bria" is yohanes, bria; "tidak tahu" is nobody. Never raises."""
    words = company_names.split_words(text)
    if all(word in _NOT_KNOWN or word in _ADDRESSES or not _has_letters(word) for word in words):
        return Who("", ())
    name = company_names.read_name(text)
    return Who(name.form, _without(name.words, _ADDRESSES))


def read_question(text: str) -> Who:
    """The same of what a caller asks about: without the question's own words."""
    asked = company_names.read_question(text)
    return Who(asked.form, _without(asked.words, _ADDRESSES)) if read_who(text).words else Who("", ())


def read_village(text: str) -> str:
    """A village made comparable: "Ds. Kabuna, kec. X" is "kabuna x"."""
    return " ".join(map(company_names.fold, _without(tuple(company_names.split_words(text)), _VILLAGES)))


def is_common(word: str) -> bool:
    """True for words that tell little by themselves. `word` may be folded."""
    return word in _COMMON_FOLDED or word in COMMON


def sounds_common(word: str) -> bool:
    """True for words that are spoken as one that tells little by itself."""
    return _spoken(word) in _COMMON_SPOKEN


def _spoken(compact: str) -> str:
    heard = company_names.fold(compact)
    for written, sound in _ONE_SOUND:
        heard = heard.replace(written, sound)
    return company_names.fold(heard)


def _without(words: tuple[str, ...], out: frozenset[str]) -> tuple[str, ...]:
    kept = tuple(word for word in words if word not in out)
    return kept or words


def _has_letters(word: str) -> bool:
    return any(character.isalpha() for character in word)


_COMMON_FOLDED = frozenset(map(company_names.fold, COMMON))
_COMMON_SPOKEN = frozenset(map(_spoken, COMMON))
