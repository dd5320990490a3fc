"""Synthetic comments with their labels. Nobody wrote them; the names and numbers in them are made up."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dvresearch.text import plain

__all__ = ["comments"]

#: What is praised, what is complained about, what is merely said, by topic.
_SAID = {
    "time": (
        ("trả kết quả trước hẹn", "hồ sơ xong nhanh", "không phải chờ lâu", "đúng ngày hẹn, rất đỡ mất công"),
        ("chờ cả buổi mới đến lượt", "trễ hẹn nhiều lần", "hồ sơ kéo dài quá lâu", "hẹn đi hẹn lại"),
        ("nộp hồ sơ từ đầu tháng", "đang đợi kết quả", "hẹn tuần sau đến lấy"),
    ),
    "staff": (
        ("cán bộ hướng dẫn nhiệt tình", "giải thích dễ hiểu, lịch sự", "rất chu đáo với người già", "phục vụ niềm nở"),
        (
            "thái độ khó chịu",
            "trả lời qua loa, gắt gỏng",
            "hỏi thì không ai giải thích",
            "cán bộ bỏ bàn đi đâu không rõ",
        ),
        ("gặp cán bộ ở bàn tiếp nhận", "được hẹn gặp lại cán bộ", "hỏi cán bộ về mẫu đơn"),
    ),
    "procedure": (
        ("giấy tờ đơn giản, dễ làm", "niêm yết đầy đủ, dễ xem", "tờ khai gọn, điền nhanh"),
        ("đòi thêm giấy tờ không có trong niêm yết", "mẫu đơn rườm rà khó điền", "mỗi nơi hướng dẫn một kiểu"),
        ("làm thủ tục khai sinh", "nộp bản sao và tờ khai", "bổ sung giấy tờ theo yêu cầu"),
    ),
    "online": (
        ("nộp trên mạng tiện lợi", "tra cứu hồ sơ qua mạng rất dễ", "trang web chạy ổn định"),
        ("mạng hay lỗi, nộp mãi không được", "trang web khó dùng", "không nhận được mã xác nhận"),
        ("nộp qua cổng dịch vụ công", "có tài khoản trên cổng", "nhận kết quả qua bưu điện"),
    ),
}
_TONES = ("positive", "negative", "neutral")
_OPEN = ("", "", "tôi thấy ", "lần này ", "theo tôi ", "ở bộ phận một cửa ", "nói chung ")
_CLOSE = ("", "", "", ", mong duy trì", ", mong xem lại", ", xin cảm ơn", " ạ")
_NAMES = ("Nguyễn Thị Mẫu", "Trần Văn Thử", "Lê Hoàng Ví Dụ", "Phạm Giả Định")
_GIVEN = ("Mẫu", "Thử", "Ví")


def comments(n: int, units: pd.DataFrame, *, seed: int = 0, mislabelled: float = 0.05) -> pd.DataFrame:
    """Make up comments in some communes.

    Parameters
    ----------
    n : int
        How many, shared out equally.
    units : DataFrame
        From :func:`communes`.
    seed : int, default 0
        The same seed gives the same comments.
    mislabelled : float, default 0.05
        Share (0-1) whose tone a careless coder got wrong.

    Returns
    -------
    DataFrame
        ``unit``, ``comment``, ``topic`` (time, staff, procedure, online) and ``tone`` (positive, negative, neutral). A
        fifth is written without diacritics; some hold made-up names and telephone numbers, for trying whether they
        are masked.
    """
    rng = np.random.default_rng([seed, 9])
    topics = rng.choice(list(_SAID), n, p=[0.35, 0.35, 0.2, 0.1])
    tones = rng.choice(3, n, p=[0.5, 0.4, 0.1])
    written = []
    for topic, tone in zip(topics, tones, strict=True):
        words = f"{rng.choice(_OPEN)}{rng.choice(_SAID[topic][tone])}{rng.choice(_CLOSE)}"
        kind = rng.random()
        if kind < 0.08:
            words += f", gặp {rng.choice(['ông', 'bà'])} {rng.choice(_NAMES)}"
        elif kind < 0.16:
            words += f", chị {rng.choice(_GIVEN)} tiếp"
        elif kind < 0.2:
            words += f", liên hệ 09{rng.integers(10**7, 10**8)}"
        words = words[0].upper() + words[1:]
        written.append(plain(words) if rng.random() < 0.2 else words)
    wrong = rng.random(n) < mislabelled
    tones = np.where(wrong, (tones + rng.integers(1, 3, n)) % 3, tones)
    frame = {"unit": units["unit"].to_numpy()[np.arange(n) % len(units)], "comment": written, "topic": topics}
    return pd.DataFrame({**frame, "tone": np.array(_TONES)[tones]}).astype("str")
