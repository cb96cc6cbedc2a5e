"""The part of a text, between two marks, that a command rewrites."""


def between(text: str, start: str, end: str, new: str) -> str:
    """The text with `new` between the marks. Errors: SystemExit where a mark is missing."""
    before, _, rest = text.partition(start)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"the page has lost {start.strip()} or {end.strip()}")
    return before + start + new + end + after
