"""A part of a text that a command writes anew, between two marks."""


def between(text: str, start: str, end: str, new: str) -> str:
    """The text, what stands between the marks replaced. Errors: SystemExit where a mark is lost."""
    before, _, rest = text.partition(start)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"README.md has lost {start.strip()} or {end.strip()}")
    return before + start + new + end + after
