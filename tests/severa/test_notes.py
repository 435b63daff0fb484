"""Notes are text; should Severa keep HTML after all, what a person reads of it."""

import time
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.text import canonical_text
from daemon.severa.notes import notes_of


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Agenda",
        "1 < 2 and 3 > 2",
        "Write <b>bold</b>",
        "<name@example.com>",
        "<p> is a tag",
        "a <p>b</p>",
        "AT&amp;T",
        "🎉 Grüße, 日本, שלום",
    ],
)
def test_plain_notes_are_read_as_they_stand(text: str) -> None:
    assert notes_of(text) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Agenda</p>", "Agenda"),
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("<p>One</p>\n<p>Two</p>\n", "One\nTwo"),
        ("<p>One</p><p><br></p><p>Two</p>", "One\n\nTwo"),
        ("<p>One<br/>Two</p>", "One\nTwo"),
        ("<div>One</div><div>Two <b>bold</b></div>", "One\nTwo bold"),
        ("<ul><li>One</li><li>Two</li></ul>", "- One\n- Two"),
        ("<p>1 &lt; 2 &amp; 3</p>", "1 < 2 & 3"),
        ("<html><head><title>x</title></head><body><p>One</p></body></html>", "One"),
        ("<p>One\n two</p>", "One two"),
        ("<P CLASS='a'>One</P>", "One"),
        ("<p>One <script>alert(1)</script>two</p>", "One two"),
        ("<p>One <b two</p>", "One <b two"),
    ],
)
def test_html_is_read_as_a_person_sees_it(html: str, text: str) -> None:
    assert notes_of(html) == text


LINES = st.lists(st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" ")), max_size=6)


@given(LINES)
def test_lines_told_as_paragraphs_read_as_the_lines(lines: list[str]) -> None:
    words = [" ".join(line.split()) for line in lines]
    html = "".join(f"<p>{escape(line, quote=False) or '<br>'}</p>" for line in words)

    assert notes_of(html) == canonical_text("\n".join(words))


@given(st.text())
def test_any_text_is_read_and_reads_the_same_again(text: str) -> None:
    once = notes_of(text)

    assert notes_of(once) == once or once.startswith("<")


@pytest.mark.parametrize("piece", ["<p ", "<", "<p><", "<p>", "&lt;p", "<!--", "<p></p"])
def test_no_text_takes_long(piece: str) -> None:
    text = "<p>" + piece * (200_000 // len(piece)) + "</p>"
    began = time.process_time()

    notes_of(text)

    assert time.process_time() - began < 5
