"""Order of the alphabet, forms for matching and for messages."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvresearch.text import nfc, plain, shape, sort_key

# Letter order of Unicode CLDR, collation "vi", standard (chart of CLDR 42), small letters.
CLDR = [*"aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệfghiìỉĩíịjklmn", *"oòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvwxyỳỷỹýỵz"]


def test_letters_in_the_order_of_cldr():
    shuffled = random.Random(1).sample(CLDR, len(CLDR))
    assert sorted(shuffled, key=sort_key) == CLDR


# Examples of Vũ Xuân Lương (Vietlex), "Quy tắc sắp xếp đơn vị từ vựng trong từ điển tiếng Việt", rules 3 and 4.
@pytest.mark.parametrize(
    "ordered",
    [
        ["a", "A"],
        ["cha", "chan"],
        ["áng", "anh"],  # the letters decide before any tone
        ["ác", "ách"],
        ["apatit", "apxe"],
        ["ba", "bà", "bả"],
        ["hai", "hài", "hại"],
    ],
)
def test_examples_of_the_dictionary_rules(ordered):
    backwards = ordered[::-1]
    assert sorted(backwards, key=sort_key) == ordered


def test_provinces_in_dictionary_order():
    ordered = [
        "Bà Rịa - Vũng Tàu",
        "Bạc Liêu",
        "Bắc Giang",
        "Bắc Kạn",
        "Bắc Ninh",
        "Bến Tre",
        "Bình Dương",
        "Bình Định",
    ]
    ordered += ["Cà Mau", "Cao Bằng", "Cần Thơ", "Đà Nẵng", "Đắk Lắk", "Đồng Nai", "Gia Lai", "Hà Nội", "Hải Phòng"]
    assert sorted(random.Random(2).sample(ordered, len(ordered)), key=sort_key) == ordered


def test_an_earlier_syllable_outweighs_a_later_one():
    # A comparison of whole strings, letters before tones, would put "hà an" before "ha bình".
    assert sort_key("ha bình") < sort_key("hà an")


def test_digits_sort_by_value_before_letters():
    names = ["Phường 2", "Phường 10", "Phường 010a", "Phường An Lạc"]
    backwards = names[::-1]
    assert sorted(backwards, key=sort_key) == names


def test_order_does_not_depend_on_the_unicode_form():
    for word in ("Đắk Lắk", "Thừa Thiên Huế"):
        assert sort_key(unicodedata.normalize("NFD", word)) == sort_key(word)


@given(st.text(), st.text())
def test_any_two_texts_can_be_compared(a, b):
    assert (sort_key(a) < sort_key(b)) + (sort_key(b) < sort_key(a)) + (nfc(a) == nfc(b)) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("  Ngày HẸN trả (1) ", "ngay hen tra 1"),
        (unicodedata.normalize("NFD", "Đã giải quyết"), "da giai quyet"),
        ("Thừa Thiên - Huế", "thua thien hue"),
        ("Hồ\u00a0sơ nh\u200bận", "ho so nhan"),
    ],
)
def test_plain(name, expected):
    assert plain(name) == expected


def test_nfc_joins_letter_and_marks():
    assert nfc("e\u0302\u0301") == nfc("\u00ea\u0301") == "ế"


def test_shape_hides_content_keeps_the_look_and_says_that_it_is_one():
    assert shape("Nguyễn Văn A, 0912.345") == "dạng ô/looks like 'aaaaaa aaa a, 0000.000'"
    assert shape("7" * 100) == "dạng ô/looks like " + repr("0" * 24 + "…")
