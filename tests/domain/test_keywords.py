"""What people text, and what it means: a table of real ways of writing, slips and traps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_service.domain.keyword_lists import DESTRUCTIVE, EXACT, FUZZY, Keyword
from sms_service.domain.keywords import read

# text, keyword, argument, certainty
CASES = [
    # the words themselves, in any case and with any sign around them
    ("INFO", "INFO", "", "exact"),
    ("menu", "INFO", "", "exact"),
    ("  Menu. ", "INFO", "", "exact"),
    ("CEK PT Contoh Jaya", "CEK", "PT Contoh Jaya", "exact"),
    ("cek:PT Contoh Jaya", "CEK", "PT Contoh Jaya", "exact"),
    ("cek#pt contoh jaya", "CEK", "pt contoh jaya", "exact"),
    ("CEK  -  PT.  Contoh", "CEK", "PT.  Contoh", "exact"),
    ('"CEK PT Contoh Jaya"', "CEK", "PT Contoh Jaya", "exact"),
    ("'cek pt contoh'", "CEK", "pt contoh", "exact"),
    ("\u201cCek PT Contoh\u201d", "CEK", "PT Contoh", "exact"),
    ("CEK P.T. Contoh Jaya", "CEK", "PT  Contoh Jaya", "exact"),
    ("CEK", "CEK", "", "exact"),
    ("CEK 123/SIP3MI/2024", "CEK", "123/SIP3MI/2024", "exact"),
    ("CHECK Example Works", "CEK", "Example Works", "exact"),
    ("Check-PT Contoh", "CEK", "PT Contoh", "exact"),
    ("LAPOR calo minta uang", "LAPOR", "calo minta uang", "exact"),
    ("REPORT", "LAPOR", "", "exact"),
    ("LANJUT", "LANJUT", "", "exact"),
    ("continue", "LANJUT", "", "exact"),
    ("JADWAL BELU", "JADWAL", "BELU", "exact"),
    ("jadwal", "JADWAL", "", "exact"),
    ("EVENTS malaka", "JADWAL", "malaka", "exact"),
    ("Schedule", "JADWAL", "", "exact"),
    ("DAFTAR 1230", "DAFTAR", "1230", "exact"),
    ("daftar1230", "DAFTAR", "1230", "exact"),
    ("JOIN 1230", "DAFTAR", "1230", "exact"),
    ("Register #1230", "DAFTAR", "1230", "exact"),
    ("BATAL 1230", "BATAL", "1230", "exact"),
    ("CANCEL 1230", "BATAL", "1230", "exact"),
    ("HADIR 1230", "HADIR", "1230", "exact"),
    ("hadir*1230#", "HADIR", "1230", "exact"),
    ("HERE 1230", "HADIR", "1230", "exact"),
    ("STATUS AB12 4321", "STATUS", "AB12 4321", "exact"),
    ("REG#BELU", "REG", "BELU", "exact"),
    ("REG Timor Tengah Utara", "REG", "Timor Tengah Utara", "exact"),
    ("reg", "REG", "", "exact"),
    ("BAHASA", "BAHASA", "", "exact"),
    ("BAHASA INGGRIS", "BAHASA", "INGGRIS", "exact"),
    ("language en", "BAHASA", "en", "exact"),
    ("English", "BAHASA", "ENGLISH", "exact"),
    ("BANTUAN", "BANTUAN", "", "exact"),
    ("HELP", "BANTUAN", "", "exact"),
    ("darurat!!!", "BANTUAN", "", "exact"),
    ("HAPUS", "HAPUS", "", "exact"),
    ("HAPUS YA", "HAPUS", "YA", "exact"),
    ("erase", "HAPUS", "", "exact"),
    ("ya", "YA", "", "exact"),
    ("\ufeffINFO\u200b", "INFO", "", "exact"),
    ("\u202eINFO", "INFO", "", "exact"),
    ("\uff29\uff2e\uff26\uff2f", "INFO", "", "exact"),  # full-width letters
    ("CEK\r\nPT Contoh", "CEK", "PT Contoh", "exact"),
    ("CEK\x00PT Contoh", "CEK", "PT Contoh", "exact"),
    # wanting out, generously
    ("STOP", "BERHENTI", "", "exact"),
    ("Stop.", "BERHENTI", "", "exact"),
    ("stop dong", "BERHENTI", "dong", "exact"),
    ("STOP ALL", "BERHENTI", "ALL", "exact"),
    ("BERHENTI", "BERHENTI", "", "exact"),
    ("unreg all", "BERHENTI", "all", "exact"),
    ("UN REG", "BERHENTI", "", "close"),
    ("un-reg", "BERHENTI", "", "close"),
    ("ber henti", "BERHENTI", "", "close"),
    ("SETOP", "BERHENTI", "", "exact"),
    ("STOOP", "BERHENTI", "", "close"),
    ("stoppppp", "BERHENTI", "", "close"),
    ("brhenti", "BERHENTI", "", "exact"),
    ("brenti", "BERHENTI", "", "exact"),
    ("berhneti", "BERHENTI", "", "close"),
    ("berhemti", "BERHENTI", "", "close"),
    ("unsubscribe", "BERHENTI", "", "exact"),
    ("unsubcribe", "BERHENTI", "", "close"),
    ("stp", "BERHENTI", "", "exact"),
    ("sotp", "BERHENTI", "", "exact"),
    ("keluar", "BERHENTI", "", "exact"),
    ("tolong berhenti kirim sms", "BERHENTI", "kirim sms", "close"),
    ("tolong stop", "BERHENTI", "", "close"),
    ("saya mau berhenti", "BERHENTI", "", "close"),
    ("please stop texting me", "BERHENTI", "texting me", "close"),
    ("mau unreg pak", "BERHENTI", "pak", "close"),
    ("sudah cukup stop sms", "BERHENTI", "sms", "close"),
    ("jangan kirim sms lagi", "BERHENTI", "", "close"),
    ("tolong jangan sms saya", "BERHENTI", "", "close"),
    ("gak usah kirim info lagi", "BERHENTI", "", "close"),
    ("saya tidak mau terima sms", "BERHENTI", "", "close"),
    ("Don't text me", "BERHENTI", "", "close"),
    ("no more texts", "BERHENTI", "", "close"),
    ("hentikan sms ini", "BERHENTI", "", "close"),
    ("REG STOP", "BERHENTI", "", "exact"),
    # the word merely occurs
    ("CEK PT STOP MAJU", "CEK", "PT STOP MAJU", "exact"),
    ("PT Stop Maju resmi?", "CEK", "PT Stop Maju", "guess"),
    ("LAPOR calo tidak mau berhenti", "LAPOR", "calo tidak mau berhenti", "exact"),
    ("saya mau berhenti kerja", "?", "saya mau berhenti kerja", "none"),
    ("majikan stop gaji", "?", "majikan stop gaji", "none"),
    ("hentikan penipuan itu", "?", "hentikan penipuan itu", "none"),
    ("keluar negeri caranya gimana", "?", "keluar negeri caranya gimana", "none"),
    ("jangan kirim anak ke luar", "?", "jangan kirim anak ke luar", "none"),
    ("saya diberhentikan majikan", "?", "saya diberhentikan majikan", "none"),
    # slips
    ("CKE PT Contoh", "CEK", "PT Contoh", "exact"),
    ("cekk pt contoh", "CEK", "pt contoh", "exact"),
    ("CEKPT MAJU", "CEK", "PT MAJU", "close"),
    ("CEKMAJU JAYA", "CEK", "MAJU JAYA", "close"),
    ("ptcontoh jaya", "CEK", "ptcontoh jaya", "guess"),
    ("REGBELU", "REG", "BELU", "close"),
    ("jadwl belu", "JADWAL", "belu", "close"),
    ("JADWALNYA", "JADWAL", "", "close"),
    ("jdwl", "JADWAL", "", "exact"),
    ("daftr 1230", "DAFTAR", "1230", "close"),
    ("dafar 1230", "DAFTAR", "1230", "close"),
    ("daptar 1230", "DAFTAR", "1230", "exact"),
    ("daftra 1230", "DAFTAR", "1230", "close"),
    ("dftr 1230", "DAFTAR", "1230", "exact"),
    ("1230 hadir", "HADIR", "1230", "close"),
    ("lapr", "LAPOR", "", "close"),
    ("alpor", "LAPOR", "", "close"),
    ("lanjt", "LANJUT", "", "close"),
    ("ifno", "INFO", "", "close"),
    ("inffo", "INFO", "", "close"),
    ("infonya dong", "INFO", "dong", "close"),
    ("mnu", "INFO", "", "close"),
    ("bntuan", "BANTUAN", "", "close"),
    ("bantuann", "BANTUAN", "", "close"),
    ("bntn", "BANTUAN", "", "close"),
    ("hlep", "BANTUAN", "", "close"),
    ("bahsa", "BAHASA", "", "close"),
    ("sttus AB12 4321", "STATUS", "AB12 4321", "close"),
    ("shedule", "JADWAL", "", "close"),
    ("batl 1230", "BATAL", "1230", "close"),
    ("btaal 1230", "BATAL", "1230", "close"),
    ("BATTAL 1230", "BATAL", "1230", "close"),
    ("hpaus", "HAPUS", "", "close"),
    ("hapuss", "HAPUS", "", "close"),
    # pairs that are easily confused
    ("DAFTAR JADWAL", "JADWAL", "", "exact"),
    ("daftar acara belu", "JADWAL", "belu", "exact"),
    ("BATAL DAFTAR 1230", "BATAL", "DAFTAR 1230", "exact"),
    ("INFO JADWAL BELU", "JADWAL", "BELU", "exact"),
    ("info bantuan", "BANTUAN", "", "exact"),
    ("info PT Contoh Jaya", "CEK", "PT Contoh Jaya", "close"),
    ("cek jadwal belu", "JADWAL", "belu", "exact"),
    ("cek status PT Contoh", "CEK", "PT Contoh", "exact"),
    ("bantal", "?", "bantal", "none"),
    ("bantu", "BANTUAN", "", "exact"),
    ("batas", "?", "batas", "none"),
    ("batak", "?", "batak", "none"),
    ("natal", "?", "natal", "none"),
    ("harus bayar berapa", "?", "harus bayar berapa", "none"),
    ("haus", "?", "haus", "none"),
    ("halus", "?", "halus", "none"),
    ("stok", "?", "stok", "none"),
    ("atop", "?", "atop", "none"),
    ("bakal pergi", "?", "bakal pergi", "none"),
    ("berarti boleh", "?", "berarti boleh", "none"),
    ("berganti nama", "?", "berganti nama", "none"),
    ("lapar", "?", "lapar", "none"),
    ("hadi", "?", "hadi", "none"),
    ("datar", "?", "datar", "none"),
    ("lamaran kerja", "?", "lamaran kerja", "none"),
    ("repot", "?", "repot", "none"),
    ("indo", "?", "indo", "none"),
    ("halo", "?", "halo", "none"),
    ("regional", "?", "regional", "none"),
    ("cekcok terus", "?", "cekcok terus", "none"),
    ("bahaya", "BANTUAN", "", "exact"),
    # politeness first
    ("tolong cek PT Contoh", "CEK", "PT Contoh", "close"),
    ("saya mau daftar 1230", "DAFTAR", "1230", "close"),
    ("min minta jadwal belu dong", "JADWAL", "belu dong", "close"),
    ("selamat pagi mau lapor", "LAPOR", "", "close"),
    ("mau btal 1230", "?", "mau btal 1230", "none"),  # a slip of a destructive word, and not even first
    ("tolong hapus data saya", "HAPUS", "data saya", "close"),
    ("tolong", "BANTUAN", "", "guess"),
    ("tolong saya disiksa majikan", "BANTUAN", "", "guess"),
    # numbers alone
    ("1", "ANGKA", "1", "exact"),
    ("0", "ANGKA", "0", "exact"),
    ("00", "ANGKA", "00", "exact"),
    (" 2. ", "ANGKA", "2", "exact"),
    ("(3)", "ANGKA", "3", "exact"),
    ("OO", "ANGKA", "00", "exact"),
    ("1998", "ANGKA", "1998", "exact"),
    ("0812 0000 0001", "CEK", "0812 0000 0001", "guess"),
    ("+6281200000001", "CEK", "+6281200000001", "guess"),
    ("1*2", "?", "1*2", "none"),
    # questions
    ("apakah PT maju resmi?", "CEK", "PT maju", "guess"),
    ("apakah PT maju resmi", "CEK", "PT maju", "guess"),
    ("PT Contoh Jaya aman ga", "CEK", "PT Contoh Jaya", "guess"),
    ("PT Contoh Jaya", "CEK", "PT Contoh Jaya", "guess"),
    ("cv contoh itu penipu bukan?", "CEK", "cv contoh", "guess"),
    ("apakah contoh jaya resmi", "CEK", "contoh jaya", "guess"),
    ("contoh jaya resmi ga", "CEK", "contoh jaya", "guess"),
    ("is PT Example Works legit?", "CEK", "PT Example Works", "guess"),
    ("is Example Works registered", "CEK", "Example Works", "guess"),
    ("amankah PT Contoh", "CEK", "PT Contoh", "guess"),
    ("saya ditawari kerja oleh PT Contoh Jaya ke Malaysia", "CEK", "PT Contoh Jaya", "guess"),
    ("nomor 0812 0000 0001 ini penipu?", "CEK", "0812 0000 0001", "guess"),
    ("CEK PT Contoh Jaya resmi ga?", "CEK", "PT Contoh Jaya", "exact"),
    ("CEK PT Usaha Aman", "CEK", "PT Usaha Aman", "exact"),
    ("apakah ini aman", "?", "apakah ini aman", "none"),
    ("apa syarat kerja resmi", "?", "apa syarat kerja resmi", "none"),
    ("kirim cv ke mana", "?", "kirim cv ke mana", "none"),
    # nothing
    ("", "?", "", "none"),
    ("   ", "?", "", "none"),
    ("???", "?", "???", "none"),
    ("\U0001f64f\U0001f64f", "?", "\U0001f64f\U0001f64f", "none"),
    ("\u0645\u0631\u062d\u0628\u0627", "?", "\u0645\u0631\u062d\u0628\u0627", "none"),
    ("terima kasih", "?", "terima kasih", "none"),
]

# Places of NTT and everyday words: none of them may be taken for a keyword that takes something away.
EVERYDAY = """
kupang belu alor sikka ende ngada manggarai sumba lembata rote nagekeo malaka sabu timor atambua
kefamenanu soe larantuka maumere bajawa ruteng waingapu waikabubak lewoleba betun malaysia hongkong
taiwan singapura brunei korea jepang saya kami anak suami istri bapak mama kakak adik kerja gaji uang
bayar berapa kapan dimana siapa mengapa bagaimana sudah belum tidak bukan jangan harus boleh bisa mau
ingin perlu paspor visa kontrak majikan agen calo polisi sakit takut lapar haus mati hilang pulang pergi
datang berangkat sampai rumah desa kantor kota pulau kapal pesawat natal paskah minggu senin besok
kemarin malam pagi siang sore terima kasih selamat halo batas batak bantal botol betul bakat obat habis
hampir hapal halus hasil bersih berani berat beras beranak berenang berita bertemu bercerai berhasil
berhutang berhemat stok stasiun setuju setor seto stres shop top step canel kancil cancer datar dapat
dapur dasar lapor labor hadiah hadi harga harap batu bata bala batuk natural canal elite erasmus
"""


@pytest.mark.parametrize(("text", "keyword", "argument", "certainty"), CASES)
def test_a_text_is_read_as_it_was_meant(text: str, keyword: str, argument: str, certainty: str) -> None:
    command = read(text)
    assert (command.keyword, " ".join(command.argument.split()), command.certainty) == (
        keyword,
        " ".join(argument.split()),
        certainty,
    )


def test_the_table_is_large_enough_to_be_worth_its_name() -> None:
    assert len(CASES) >= 120
    assert {case[1] for case in CASES} == {keyword.value for keyword in Keyword}


@pytest.mark.parametrize("word", sorted(set(EVERYDAY.split())))
def test_an_everyday_word_never_takes_anything_away(word: str) -> None:
    assert read(word).keyword not in DESTRUCTIVE
    assert read(f"{word} 1230").keyword not in DESTRUCTIVE


@pytest.mark.parametrize("word", sorted(word for word in EXACT if len(word) > 3))
def test_a_known_word_survives_capitals_spaces_and_doubled_letters(word: str) -> None:
    doubled = word.replace(word[1], word[1] * 3, 1)
    for written in (word.upper(), f"  {word.title()} ", f'"{word}"', f"{word}!!", doubled):
        assert read(written).keyword is EXACT[word]


@pytest.mark.parametrize("word", sorted(word for word, keyword in FUZZY.items() if len(word) >= 5))
def test_two_swapped_neighbours_are_forgiven(word: str) -> None:
    for index in range(len(word) - 1):
        swapped = word[:index] + word[index + 1] + word[index] + word[index + 2 :]
        assert read(swapped).keyword is FUZZY[word], swapped


@pytest.mark.parametrize("word", ["batal", "hapus", "unreg", "cancel", "erase", "delete"])
def test_another_letter_never_leads_to_a_word_that_takes_something_away(word: str) -> None:
    for index in range(len(word)):
        for letter in set("abcdefghijklmnopqrstuvwxyz") - {word[index]}:
            other = word[:index] + letter + word[index + 1 :]
            if other not in EXACT:
                assert read(other).keyword not in DESTRUCTIVE, other


@pytest.mark.parametrize("place", EVERYDAY.split()[:35])
def test_a_place_typed_at_a_prompt_is_no_keyword(place: str) -> None:
    assert read(place).keyword is Keyword.UNKNOWN


def test_a_word_is_read_the_same_twice_and_in_any_case() -> None:
    for text, *_ in CASES:
        assert read(text) == read(text)
        assert read(text.upper()).keyword is read(text.lower()).keyword


@given(st.text(max_size=400))
def test_no_text_makes_it_raise_and_only_something_like_a_known_word_takes_anything_away(text: str) -> None:
    command = read(text)
    assert isinstance(command.keyword, Keyword)
    if command.certainty == "none":
        assert command.keyword is Keyword.UNKNOWN


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=9, max_size=20))
def test_a_long_random_word_stops_nothing(word: str) -> None:
    if not word.startswith(("unsub", "unreg", "stop", "berhen")):
        assert read(word).keyword not in DESTRUCTIVE


def test_a_megabyte_is_read_in_no_time() -> None:
    import time

    for text in ("a" * 1_000_000, "stop " * 200_000, "\u0645" * 1_000_000, "1" * 1_000_000, "(" * 1_000_000):
        started = time.perf_counter()
        read(text)
        assert time.perf_counter() - started < 0.25


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("INFO", True), ("info dari kampung", False), ("STATUS 4821 9375 2460", True), ("status visa", False),
        ("STOP", True), ("berhenti kerja", True), ("LAPOR calo", True), ("HAPUS YA", True),
        ("hapus semua surat", False), ("BATAL 1230", True), ("CEK PT Maju", False),
        ("CEK 081200000001", True), ("BAHASA EN", True),
    ],
)  # fmt: skip
def test_a_command_is_whole_where_only_figures_stand_behind_it(text: str, whole: bool) -> None:
    assert read(text).is_whole is whole
