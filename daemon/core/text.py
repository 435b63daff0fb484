"""One form for texts on both sides: what a person would see the same is the same."""


def canonical_text(text: str) -> str:
    """Return the text as a person sees it: line ends, hard spaces and trailing blanks do not count."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    return "\n".join(line.rstrip(" \t") for line in text.split("\n")).strip()
