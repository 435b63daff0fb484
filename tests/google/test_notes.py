"""What a person reads in a description, whichever way Google keeps it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.text import canonical_text
from daemon.google.notes import NOTES_MAX, description_of, text_of

READ = {
    "plain": ("Bring the plan", "Bring the plan"),
    "plain lines": ("one\ntwo\n\nfour", "one\ntwo\n\nfour"),
    "windows lines": ("one\r\ntwo", "one\ntwo"),
    "trailing blanks": ("  one  \ntwo\t\n", "one\ntwo"),
    "hard space": ("a\xa0b", "a b"),
    "plain ampersand": ("R&D at 3 < 4", "R&D at 3 < 4"),
    "plain query": ("https://x.example/?a=1&copy=2", "https://x.example/?a=1&copy=2"),
    "plain address": ("ask <anna@example.com>", "ask <anna@example.com>"),
    "entity alone": ("Tom &amp; Jerry &#38; &lt;all&gt;", "Tom & Jerry & <all>"),
    "no entity of HTML": ("AT&T; fine", "AT&T; fine"),
    "br": ("one<br>two<br/>three<BR />four", "one\ntwo\nthree\nfour"),
    "br then line end": ("one<br>\ntwo", "one\ntwo"),
    "empty line": ("one<br><br>two", "one\n\ntwo"),
    "nbsp line": ("one<br>&nbsp;<br>two", "one\n\ntwo"),
    "paragraphs": ("<p>one</p><p>two</p>", "one\n\ntwo"),
    "pretty paragraphs": ("<p>one</p>\n\n  <p>two</p>\n", "one\n\ntwo"),
    "nested blocks": ("<div><p>one</p></div><div><div>two</div></div>", "one\n\ntwo"),
    "editor lines": ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
    "bold": ("<b>one</b> <i>two</i>", "one two"),
    "google's own": ("<html-blob><u></u>Hi&nbsp;there<br></html-blob>", "Hi there"),
    "list": ("Agenda<ul><li>one</li><li>two</li></ul>end", "Agenda\n\n- one\n- two\n\nend"),
    "numbers": ("<ol><li>one</li><li>two</li></ol>", "1. one\n2. two"),
    "list in a list": ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n- b\n- c"),
    "link": ('<a href="https://x.example/a">Plan</a>', "Plan (https://x.example/a)"),
    "same link": ('<a href="https://x.example/">x.example</a>', "x.example"),
    "mail link": ('<a href="mailto:anna@example.com">anna@example.com</a>', "anna@example.com"),
    "empty link": ('see <a href="https://x.example/a"></a>', "see https://x.example/a"),
    "anchor": ('<a name="top">Top</a>', "Top"),
    "script link": ('<a href="javascript:alert(1)">Run</a>', "Run"),
    "google's detour": (
        '<a href="https://www.google.com/url?q=https://x.example/a&amp;sa=D">Plan</a>',
        "Plan (https://x.example/a)",
    ),
    "table": ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
    "style": ("<style>p {color: red}</style><p>one</p>", "one"),
    "comment": ("<p>one<!-- two --></p>", "one"),
    "address in HTML": ("<p>ask <anna@example.com></p>", "ask <anna@example.com>"),
    "never closed": ("<p>one<b>two", "onetwo"),
    "closed only": ("one</p></ul></a>two", "one\n\ntwo"),
    "lines in HTML": ("one\ntwo <b>three</b>\nfour", "one\ntwo three\nfour"),
    "tag in a tag": ("<b>a <c <i>d</i></b>", "a <c d"),
    "cut tag": ("<b>one</b> <a href='https", "one <a href='https"),
    "cut entity": ("<b>one</b> &am", "one &am"),
}


@pytest.mark.parametrize(("description", "text"), READ.values(), ids=READ.keys())
def test_notes_are_what_a_person_reads(description: str, text: str) -> None:
    assert text_of(description) == text


@pytest.mark.parametrize(
    ("text", "description"),
    [("one\ntwo", "one\ntwo"), ("R&D\n<x>", "R&amp;D<br>&lt;x&gt;"), ("a > b", "a > b")],
)
def test_notes_are_plain_text_unless_google_would_take_them_for_markup(
    text: str, description: str
) -> None:
    assert description_of(text) == description


@given(st.text())
def test_written_notes_read_back_equal(text: str) -> None:
    assert text_of(description_of(text)) == canonical_text(text)


@given(st.lists(st.sampled_from(["<", "&", "amp;", "lt;", "br>", "p", "\n", " ", "/a", "\xa0"])))
def test_notes_that_look_like_markup_read_back_equal(parts: list[str]) -> None:
    text = "".join(parts)

    assert text_of(description_of(text)) == canonical_text(text)


@given(st.text())
def test_what_people_see_alike_is_settled_by_one_reading(text: str) -> None:
    assert canonical_text(canonical_text(text)) == canonical_text(text)


@given(st.text(alphabet="<>&/abp ;\n=\"'!-", max_size=60))
def test_no_description_breaks_the_reading(description: str) -> None:
    assert isinstance(text_of(description), str)


@pytest.mark.timeout(2)
@pytest.mark.parametrize("part", ["<a ", "<", "</a", "<!--", "<![CDATA[", "<?", "&", " ", "<ul>"])
def test_no_description_takes_long_to_read(part: str) -> None:
    assert isinstance(text_of("<b>x</b>" + part * (NOTES_MAX // len(part))), str)


@pytest.mark.parametrize("text", ["x" * 9000, "&" * 9000, "a & b\n" * 2000])
def test_notes_that_are_too_long_are_cut_with_an_ellipsis(text: str) -> None:
    description = description_of(text)

    assert len(description) <= NOTES_MAX
    assert len(description) > NOTES_MAX - 20
    assert text_of(description).endswith("…")
    assert text.startswith(text_of(description)[:-1])
