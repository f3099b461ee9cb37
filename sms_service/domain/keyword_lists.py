"""The words that keywords.py knows: exact ones, fillers, and words that must never be taken for a slip.

Add a synonym here and a line to its table of cases in tests/domain/test_keywords.py; nothing else changes.
All words are lower case; where two keywords could claim one, it stands in neither.
"""

from __future__ import annotations

from enum import StrEnum


class Keyword(StrEnum):
    """What a text asks for. The value is what people in NTT type, and what the database keeps."""

    INFO = "INFO"
    CEK = "CEK"
    LAPOR = "LAPOR"
    LANJUT = "LANJUT"
    JADWAL = "JADWAL"
    DAFTAR = "DAFTAR"
    BATAL = "BATAL"
    HADIR = "HADIR"
    STATUS = "STATUS"
    REG = "REG"
    BERHENTI = "BERHENTI"
    BAHASA = "BAHASA"
    BANTUAN = "BANTUAN"
    HAPUS = "HAPUS"
    YA = "YA"  # the answer to HAPUS, alone in its text
    INPUT = "ANGKA"  # a number alone: a choice in the menu
    UNKNOWN = "?"


# A wrong guess at one of these takes something away from a person; their slips are held to stricter rules.
DESTRUCTIVE = frozenset({Keyword.BERHENTI, Keyword.BATAL, Keyword.HAPUS})


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _words(table: dict[Keyword, str]) -> dict[str, Keyword]:
    return {word: keyword for keyword, words in table.items() for word in words.split()}


# As the first word of a text, or after words of politeness.
EXACT = _words(
    {
        Keyword.INFO: "info informasi menu mulai start",
        Keyword.CEK: "cek check periksa chek ceck cekk cke ck chk ekc cej cwk crk vek xek cekc ceke",
        Keyword.LAPOR: "lapor laporan laporkan melapor report pengaduan aduan adukan ngadu lpr",
        Keyword.LANJUT: "lanjut lanjutkan continue resume",
        Keyword.JADWAL: "jadwal jadual acara event events schedule agenda kegiatan jdwl",
        Keyword.DAFTAR: "daftar daptar mendaftar pendaftaran registrasi register join ikut signup dftr",
        Keyword.BATAL: "batal batalkan batalin cancel cancle",
        Keyword.HADIR: "hadir here present absen checkin hdr",
        Keyword.STATUS: "status sts",
        Keyword.REG: "reg subscribe langganan berlangganan",
        Keyword.BERHENTI: "berhenti stop unreg setop stopp stoped stopsms stopall unregall unregister"
        " unsubscribe unsub berenti brenti brhenti brhnti berhentilah",
        Keyword.BAHASA: "bahasa language lang bhs",
        Keyword.BANTUAN: "bantuan help hotline darurat emergency sos bahaya",
        Keyword.HAPUS: "hapus hapuskan hapusin erase delete",
    }
)

# Only when nothing else stands in the text: too common, or too far from the word, to mean it in a sentence.
ALONE = _words(
    {
        Keyword.BERHENTI: "keluar off quit end henti hentikan stp sto stpo sotp tsop stob",
        Keyword.BATAL: "btl",
        Keyword.HAPUS: "hps",
        Keyword.YA: "ya y yes iya iyo",
        Keyword.BAHASA: "english inggris",
        Keyword.BANTUAN: "bantu",
    }
)

# Words that slips are looked for, with the keyword that they stand for.
FUZZY = {
    word: EXACT[word]
    for word in _set(
        "info menu lapor laporan lanjut jadwal daftar hadir status bahasa bantuan help check report continue"
        " schedule events register language berhenti unsubscribe unreg batal cancel hapus delete erase stop"
    )
}

# Real words (and names) that are one slip away from a keyword and mean something else.
NOT_SLIPS = _set(
    "lapar lapo labor lamaran lapir datar hadi hadis hadist hadirin bahas basah statis repot raport"
    " repost helo hello halo hallo bantal bantai batas batak batok bakal natal harus halus haus hampir"
    " stok step men menua meru cheek jawab hadap jadi regional regulasi regular reguler cekcok cekung"
    " ceking cekik cekatan"
)

# Politeness and pronouns before what is meant: "tolong cek PT ...", "saya mau daftar 1230".
FILLERS = _set(
    "tolong tlg tolonglah mohon mhn minta mnta please pls plz kindly saya sy aku ak gue kami kita mau"
    " ingin pengen pingin pak bu bapak ibu min admin kak mas mbak halo hallo helo hello hai hi selamat"
    " pagi siang sore malam assalamualaikum ok oke ya sudah udah cukup i want to would like untuk bisa"
    " boleh dong coba kapan ada can you me"
)
# After a STOP that does not begin the text: with another word it is about something else (leaving a job).
STOP_TAILS = _set(
    "kirim mengirim kirimi kirimin krim sms pesan info dong ya yaa lagi langganan berlangganan ini itu"
    " all semua semuanya saja aja sekarang texting sending messaging please pls dari terima layanan pak bu"
    " now texts me it the"
)
STOP_WITH_TAIL = frozenset({"hentikan", "henti", "stopkan", "stopin", "berhentikan"})
CRIES = _set("tolong tolonglah tlg help bantu bantulah")

COMPANY = frozenset({"pt", "cv", "ud"})
QUESTION_LEADS = _set("apakah apkh apaka apa is are benarkah betulkah benar betul")
VALIDITY_LEADS = _set("amankah resmikah legalkah")
VALIDITY = _set(
    "resmi legal ilegal illegal aman terdaftar asli palsu penipu penipuan nipu bodong izin ijin berizin"
    " berijin benar betul terpercaya dipercaya official registered safe real fake scam licensed legit ok"
)
PARTICLES = _set("ga gak gk g nggak ngga enggak engga ndak tidak tdk kah ya kan bukan belum apa atau or not")
# A name ends before these.
NAME_ENDS = (
    _set(
        "itu ini yang yg di dari ke untuk apakah apa sudah udah sdh punya ada masuk dengan dgn mau minta"
        " suruh is resmikah amankah legalkah kerja bagaimana gimana dong pak bu to from in the of that who"
    )
    | VALIDITY
    | PARTICLES
)
# What people ask about that is no company: these questions are not checks.
NOT_NAMES = _set(
    "syarat kerja cara caranya bagaimana gimana biaya dokumen gaji kapan dimana mana siapa ini itu saya"
    " boleh bisa ada paspor visa kontrak jalur yang jadi pergi berangkat benar it this there"
)
CHECK_FILLERS = _set("status nama tentang perusahaan apakah dulu legalitas the company agen agency")
