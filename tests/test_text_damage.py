"""Repair of damaged text, against damaged copies made elsewhere and against encoders typed here."""

from __future__ import annotations

import csv
import shutil
import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvresearch import codebook
from dvresearch.text import REPAIRS, legacy_font, repair
from dvresearch.text.legacy import FONTS

VOWELS = "aăâeêioôơuưy"
TONES = "\u0300\u0309\u0303\u0301\u0323"
LETTERS = [unicodedata.normalize("NFC", v + t) for v in VOWELS for t in ("", *TONES) if v + t not in set("aeiouy")]
LETTERS = ["đ", *LETTERS]
ALL_134 = [*LETTERS, *(c.upper() for c in LETTERS)]

# TCVN 5712:1993 VN3, one row a vowel: no tone, huyền, hỏi, ngã, sắc, nặng; typed apart from the library's table.
TCVN3_ROWS = {
    "a": "61 B5 B6 B7 B8 B9", "ă": "A8 BB BC BD BE C6", "â": "A9 C7 C8 C9 CA CB", "e": "65 CC CE CF D0 D1",
    "ê": "AA D2 D3 D4 D5 D6", "i": "69 D7 D8 DC DD DE", "o": "6F DF E1 E2 E3 E4", "ô": "AB E5 E6 E7 E8 E9",
    "ơ": "AC EA EB EC ED EE", "u": "75 EF F1 F2 F3 F4", "ư": "AD F5 F6 F7 F8 F9", "y": "79 FA FB FC FD FE",
}  # fmt: skip
TCVN3 = {"đ": "\xae", **dict(zip("ĂÂÊÔƠƯĐ", "\xa1\xa2\xa3\xa4\xa5\xa6\xa7", strict=True))}
for vowel, row in TCVN3_ROWS.items():
    for tone, code in zip(("", *TONES), bytes.fromhex(row).decode("latin-1"), strict=True):
        TCVN3[unicodedata.normalize("NFC", vowel + tone)] = code

# VNI-Windows, same rows.
VNI_ROWS = {
    "a": "a aø aû aõ aù aï", "ă": "aê aè aú aü aé aë", "â": "aâ aà aå aã aá aä", "e": "e eø eû eõ eù eï",
    "ê": "eâ eà eå eã eá eä", "i": "i ì æ ó í ò", "o": "o oø oû oõ où oï", "ô": "oâ oà oå oã oá oä",
    "ơ": "ô ôø ôû ôõ ôù ôï", "u": "u uø uû uõ uù uï", "ư": "ö öø öû öõ öù öï", "y": "y yø yû yõ yù î",
}  # fmt: skip
VNI = {"đ": "ñ", "Đ": "Ñ"}
for vowel, row in VNI_ROWS.items():
    for tone, code in zip(("", *TONES), row.split(), strict=True):
        letter = unicodedata.normalize("NFC", vowel + tone)
        VNI |= {letter: code, letter.upper(): code.upper()}

SENTENCES = [
    "Toàn tỉnh tiếp nhận 19.630 hồ sơ, giải quyết trước và đúng hạn 19.255 hồ sơ, đạt 96,55%.",
    "Ủy ban nhân dân xã đã tiếp 128 lượt công dân; đơn thư thuộc thẩm quyền được xử lý kịp thời.",
    "Mô hình “Dân vận khéo” giúp người dân hiến đất mở rộng tuyến đường dài 1,8 km.",
    "Những kiến nghị của cử tri về vệ sinh môi trường, thủy lợi đã được trả lời đầy đủ.",
]


def encode(text: str, codes: dict[str, str]) -> str:
    return "".join(codes.get(c, codes.get(c.lower(), c) if not c.isascii() else c) for c in text)


def test_there_are_134_letters():
    assert len(set(ALL_134)) == 134


@pytest.mark.parametrize("damage", ["nfd", "tcvn3", "vni", "nbsp_crlf", "spaced_digits", "wrapped"])
def test_damaged_copies_read_as_their_base_page(validation, damage):
    folder = validation("claims")
    with (folder / "variants" / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["transform"] == damage]
    assert rows
    for row in rows:
        damaged = (folder / "variants" / row["file"]).read_bytes().decode("utf-8")
        page = (folder / "pages" / row["base_page"]).read_text(encoding="utf-8").split("---\n", 1)[1]
        mended = repair(damaged, split_digits="join")
        assert mended.text.split() == page.split()
        # The way back: every digit of the repaired text is the digit at its place in the damaged one.
        for i, char in enumerate(mended.text):
            if char.isdigit():
                assert damaged[slice(*mended.span(i, i + 1))] == char


def test_undamaged_pages_stay_as_they_are(validation):
    pages = list((validation("claims") / "pages").glob("*.txt"))
    assert pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert repair(text) == repair(text, font="unicode")
        assert repair(text).kinds == ()


def test_well_known_strings():
    assert repair("TiÕng ViÖt rÊt hay").text == repair("Tieáng Vieät raát hay").text == "Tiếng Việt rất hay"


def test_tcvn3_table_is_the_one_of_the_c_library():
    if not shutil.which("iconv"):
        pytest.skip("iconv is not installed")
    codes = "a".join(FONTS["tcvn3"][1])
    run = subprocess.run(
        ["iconv", "-f", "TCVN5712-1", "-t", "UTF-8"], input=codes.encode("latin-1"), capture_output=True, check=False
    )
    if run.returncode:
        pytest.skip("this iconv does not know TCVN5712-1")
    assert run.stdout.decode("utf-8") == repair(codes, font="tcvn3").text


def test_every_letter_survives_vni():
    text = " ".join(ALL_134)
    assert repair(encode(text, VNI), font="vni").text == text


def test_every_letter_with_a_code_survives_tcvn3():
    text = " ".join(TCVN3)
    assert len(TCVN3) == 74 + len("aeiouy")
    assert repair(encode(text, TCVN3), font="tcvn3").text == text


@pytest.mark.parametrize("sentence", SENTENCES)
def test_typed_sentences_are_recognised_and_read(sentence):
    vni, tcvn3 = repair(encode(sentence, VNI)), repair(encode(sentence, TCVN3))
    assert (vni.text, vni.kinds) == (sentence, ("vni",))
    assert tcvn3.kinds == ("tcvn3",)
    assert tcvn3.text.lower() == sentence.lower()  # Ủ has no code of its own


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("V¡N PHßNG UBND X· B×NH AN", "VĂN PHÒNG UBND XÃ BÌNH AN"),
        ("B¸O C¸O kÕt qu¶ gi¶i quyÕt", "BÁO CÁO kết quả giải quyết"),
        ("UBND x· ®· tr¶ kÕt qu¶", "UBND xã đã trả kết quả"),
    ],
)
def test_capitals_of_tcvn3_capital_fonts(typed, meant):
    assert repair(typed).text == meant


@pytest.mark.parametrize(
    "text",
    [
        "Le maire a reçu les élèves, où il a dû être très gêné à côté du théâtre même après l'été « déjà ».",
        "Über die Größe der Straßen können schöne Mädchen für Österreich hören.",
        "El niño comió más; qué año, según está aquí así, té y sí.",
        "Não, São João é então você à ação; põe três irmãos.",
        "Søn på øl og når så må få én, gør det grønt.",
        "Två år på för är så här, nä.",
        "Söt nöt, möt höt.",  # would be syllables in VNI, were it not for the tone that -t asks for
        "Où est le thaï, là ?",
        "Où est le restaurant thaï ?",
        "The naïve café of Zoë and Noël; 5 µm, © 2026, 20 °C ± 1 · §3.",
        "Tôi là công an, không có gì là khó, chúng tôi mua hoá toán khoá.",  # no letter beyond Latin-1
        "Ủy ban nhân dân thành phố Đà Nẵng",
        "plain ASCII, 1.234,5",
        "tØnh",  # one word is no evidence
    ],
)
def test_other_text_is_not_touched(text):
    assert legacy_font(text) is None
    assert repair(text).text == text


@pytest.mark.parametrize(
    ("damaged", "meant", "kind"),
    [
        ("hồ\u00a0sơ 99,5\u202f%", "hồ sơ 99,5 %", "no_break_space"),
        ("một\r\nhai\rba", "một\nhai\nba", "line_end"),
        ("21/7\ufffe20/8", "21/7-20/8", "hyphen"),
        ("１．２３４％", "1.234%", "full_width"),
        ("nƣớc, TRƢỜNG", "nước, TRƯỜNG", "old_horn"),
        ("\ufeffhồ\u200b sơ", "hồ sơ", "invisible"),
        ("ti\u00ea\u0301p nh\u00e2\u0323n", "tiếp nhận", "decomposed"),  # as Windows-1258 has it
        ("thủ\u00ad tục", "thủ tục", "soft_hyphen"),
    ],
)
def test_single_repairs(damaged, meant, kind):
    mended = repair(damaged)
    assert (mended.text, mended.kinds) == (meant, (kind,))


@pytest.mark.parametrize(
    ("split", "joined"),
    [
        ("đạt 9 9 ,2% hồ sơ", "đạt 99,2% hồ sơ"),
        ("80 ,7 %", "80,7 %"),
        ("năm 2 023, ngày 17/4/2 024", "năm 2023, ngày 17/4/2024"),
        ("cấp độ 1, 2 và 3 4,5 %", "cấp độ 1, 2 và 3 4,5 %"),  # could be two numbers
        ("1 234 hồ sơ", "1 234 hồ sơ"),  # a group of thousands
    ],
)
def test_split_digits(split, joined):
    assert repair(split, split_digits="join").text == joined
    assert repair(split).text == split


def test_span_leads_back_to_the_original():
    original = "Coù\u00a05 vuï KN ñuùng, ñaõ xöû lyù ñuû"
    mended = repair(original)
    assert mended.kinds == ("no_break_space", "vni")
    start = mended.text.index("đúng")
    assert original[slice(*mended.span(start, start + 4))] == "ñuùng"
    start = mended.text.index("ý")
    assert original[slice(*mended.span(start, start + 1))] == "yù"
    assert original[slice(*mended.span(start - 1, start + 1))] == "lyù"
    assert mended.span(len(mended.text), len(mended.text)) == (len(original), len(original))
    assert mended.span(3, 3) == (4, 4)


noisy = st.text(
    st.sampled_from("aơđ€ñöôùøâ1. ,%\r\n\u00a0\u00ad\u200b\u0301\u0302\u0323\ufffe®¬µÕƣ９") | st.characters()
)


@given(noisy, st.sampled_from(["auto", "unicode", "tcvn3", "vni"]), st.sampled_from(["keep", "join"]))
def test_offsets_never_go_back_and_cover_only_the_original(text, font, digits):
    mended = repair(text, font=font, split_digits=digits)
    starts, ends = list(mended.starts), list(mended.ends)
    assert len(starts) == len(ends) == len(mended.text)
    assert starts == sorted(starts) and ends == sorted(ends)
    assert all(0 <= s < e <= len(text) for s, e in zip(starts, ends, strict=True))
    assert list(mended.kinds) == [k for k in REPAIRS if k in mended.kinds]
    assert (mended.text == text) == (not mended.kinds)


@given(st.text(st.sampled_from("aươêđxi \u00a0\u200b\u0300\u0301\u0302\u0323９Ƣ\r\n")))
def test_repair_of_repaired_text_does_nothing(text):
    once = repair(text, font="unicode").text
    assert once == unicodedata.normalize("NFC", once)
    assert repair(once, font="unicode").kinds == ()


def test_every_repair_is_in_the_codebook():
    assert all(codebook.get("value", kind).label_vi for kind in REPAIRS)
