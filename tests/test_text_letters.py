"""Forms of letters for matching and for messages."""

from __future__ import annotations

import unicodedata

import pytest

from dvresearch.text import nfc, plain, shape


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
