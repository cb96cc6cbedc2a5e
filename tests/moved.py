"""What the tests of slider panels share."""


def each_moves(panel, *acts) -> bytes:
    """Every act gives a picture that none before it gave; returns the first, which is a PNG."""
    first = bytes(panel.picture.value)
    assert first.startswith(b"\x89PNG")
    seen = [first]
    for act in acts:
        act()
        assert bytes(panel.picture.value) not in seen
        seen.append(bytes(panel.picture.value))
    return first
