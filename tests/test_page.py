"""The page in a real browser: what it asks for, what it says, how it is used without a mouse and printed."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import lxml.html
import pytest
from browser import Browser

from dvresearch.evaluation import html
from dvresearch.evaluation.content import Figure, Report
from dvresearch.evaluation.items import items


@pytest.fixture(scope="module")
def file(national: Report, blank_pictures: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html.render(national, blank_pictures), encoding="utf-8", newline="\n")
    return path


@pytest.fixture(scope="module")
def chromium(program: Callable[[str], str], shipped_fonts: dict[str, str], file: Path) -> Iterator[Browser]:
    """Return a browser that knows no fonts but the shipped ones."""
    if os.name == "nt":
        pytest.skip("the browser is spoken to over pipes, which Windows does not hand down")
    with Browser(program("chromium"), file.parent / "profile", shipped_fonts) as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser, file: Path) -> Browser:
    chromium.open(file.as_uri())
    return chromium


# --- what a parser can see --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tree(file: Path) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(file.read_text(encoding="utf-8"))


def test_headings_go_down_one_step_at_a_time(tree: lxml.html.HtmlElement):
    levels = [int(h.tag[1]) for h in tree.iter("h1", "h2", "h3", "h4")]
    # the contents come before the title in reading order
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in zip([1, *levels], levels, strict=False))


def test_everything_that_needs_a_name_has_one(tree: lxml.html.HtmlElement, national: Report):
    assert tree.get("lang") == "vi" and tree.findtext(".//title") == national.title
    ids = [e.get("id") for e in tree.xpath("//*[@id]")]
    assert len(ids) == len(set(ids))
    for element in tree.xpath("//nav | //section | //*[@role='region']"):
        named = element.get("aria-label") or element.get("aria-labelledby") in ids
        assert named, element.attrib
    for table in tree.iter("table"):
        assert table.find("caption") is not None or table.getparent().get("aria-label")
        assert all(th.get("scope") == "col" and th.text_content().strip() for th in table.iter("th"))
    for link in tree.iter("a"):
        assert link.text_content().strip() and link.get("href")
    alts = [image.get("alt") for image in tree.iter("img")]
    assert national.brief.picture
    figures = [b.alt for b in national.exhibits() if isinstance(b, Figure)]
    assert alts == [national.brief.picture.alt, *figures] and all(alts)


def test_the_page_forbids_itself_scripts_and_requests(tree: lxml.html.HtmlElement):
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'; img-src data:;") and "script" not in policy


# --- in the browser ---------------------------------------------------------------------------------------------------


def test_no_request_leaves_the_machine(page: Browser, file: Path):
    asked = [e["request"]["url"] for e in page.happened("Network.requestWillBeSent")]
    assert file.as_uri() in asked
    assert [a for a in asked if a != file.as_uri() and not a.startswith("data:")] == []


def test_the_console_stays_empty(page: Browser):
    page.run("new Promise(done => setTimeout(done, 200))")
    for kind in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Network.loadingFailed"):
        assert page.happened(kind) == [], kind
    page.run("console.error('thử')")
    assert page.happened("Runtime.consoleAPICalled"), "the browser reports what is written to the console"


CONTROLS = """[...document.querySelectorAll("a[href], summary, button, input, select, textarea, [tabindex='0']")]
    .map((e, n) => (e.dataset.control = n, n)).length"""
FOCUSED = """(e => ({ control: e.dataset.control ?? null, tag: e.tagName,
    outline: getComputedStyle(e).outlineStyle !== "none" && parseFloat(getComputedStyle(e).outlineWidth) >= 2,
    closed: e.tagName === "SUMMARY" && !e.parentElement.open }))(document.activeElement)"""


def test_the_keyboard_reaches_every_control_and_shows_where_it_is(page: Browser):
    controls = page.run(CONTROLS)
    assert controls > 60
    reached: set[int] = set()
    unseen = []
    for _ in range(2 * controls):
        page.press("Tab", 9)
        at = page.run(FOCUSED)
        if at["tag"] == "BODY" and reached:
            break
        if at["closed"]:
            page.press("Enter", 13, "\r")
            assert not page.run(FOCUSED)["closed"], "Enter opens what is folded"
        if at["control"] is not None:
            reached.add(int(at["control"]))
            unseen += [] if at["outline"] else [at]
    assert reached == set(range(controls))
    assert unseen == []


CONTRAST = """(() => {
  const channel = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const parse = s => s.match(/[\\d.]+/g).map(Number);
  const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
      if (c[3] > 0) throw new Error("half transparent");
    }
    return [255, 255, 255];
  };
  document.querySelectorAll("details").forEach(d => d.open = true);
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), e = walker.currentNode.parentElement;
    if (!text || ["STYLE", "SCRIPT"].includes(e.tagName)) continue;
    const a = light(parse(getComputedStyle(e).color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([Math.round(ratio * 100) / 100, text.slice(0, 40)]);
  }
  return found;
})()"""


def test_all_text_has_the_contrast_of_wcag_aa(page: Browser):
    found = page.run(CONTRAST)
    assert len(found) > 1000
    assert [row for row in found if row[0] < 4.5] == []


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_the_page_fits_every_screen_and_tables_scroll_by_themselves(page: Browser, width: int):
    page.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    try:
        page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.run("document.documentElement.scrollWidth") <= width
        clipped = """[...document.querySelectorAll("table")].filter(t =>
            t.scrollWidth > t.parentElement.clientWidth + 1 &&
            getComputedStyle(t.closest(".wide")).overflowX !== "auto").length"""
        assert page.run(clipped) == 0
    finally:
        page.ask("Emulation.clearDeviceMetricsOverride")


# --- on paper ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def printed(chromium: Browser, file: Path) -> Path:
    chromium.open(file.as_uri())
    path = file.with_name("printed.pdf")
    chromium.print_to(path)
    return path


def test_print_cuts_no_table(printed: Path, read_pdf: Callable, national: Report):
    pages = read_pdf(printed)
    assert len(pages) > 5
    for number, page in enumerate(pages, start=1):
        assert (page.width, page.height) == pytest.approx((210, 297), abs=0.5)
        for w in page.words:
            assert w.left >= 29.5 and w.right <= 192.5, (number, w)
    words = Counter(re.findall(r"\w+", " ".join(w.text for page in pages for w in page.words)))
    expected = Counter(
        word
        for blocks in items(national)
        for item in blocks
        for row in item.rows
        for cell in row
        if cell not in national.citations.values()
        for word in re.findall(r"\w+", cell)
    )
    assert sum(expected.values()) > 3000
    # folded tables too: paper cannot be opened
    assert not expected - words


def test_vietnamese_renders_from_the_shipped_font_alone(
    printed: Path, read_pdf: Callable, fonts_in: Callable[[Path], set[str]], national: Report
):
    assert {name.split("-")[0] for name in fonts_in(printed)} == {"LiberationSerif"}
    text = "".join(w.text for page in read_pdf(printed) for w in page.words).replace("\u00a0", "")
    for sentence in national.summary:
        assert "".join(sentence.text.split()) in text
