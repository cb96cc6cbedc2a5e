"""The command line's reference, from the parser itself."""

import argparse
from collections.abc import Iterator

from svae_lib.cli import _parser


def page() -> str:
    """Every command with its description, usage and flags, in Markdown."""
    return "\n".join(command(_parser())) + "\n"


def command(parser: argparse.ArgumentParser, summary: str = "") -> Iterator[str]:
    """A command, with the summary that the list of commands has of it; then those within it."""
    within = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not within:
        yield f"\n## {parser.prog}\n"
        yield sentence(parser.description or summary)
        yield f"\n```text\n{parser.format_usage().strip()}\n```\n"
        for group in parser._action_groups:
            yield from flags(group)
    for action in within:
        summaries = {listed.dest: listed.help for listed in action._choices_actions}
        for name, choice in action.choices.items():
            yield from command(choice, summaries.get(name, ""))


def sentence(text: str) -> str:
    """Text of a help, as a sentence."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else text + "."


def flags(group: argparse._ArgumentGroup) -> Iterator[str]:
    """A group of flags as a list of definitions; what the help leaves out is left out here."""
    shown = [
        action
        for action in group._group_actions
        if action.help != argparse.SUPPRESS and not isinstance(action, argparse._HelpAction)
    ]
    if shown and group.title not in ("options", "positional arguments"):
        yield f"\n**{sentence(group.title).removesuffix('.')}**\n"
    for action in shown:
        names = ", ".join(f"`{name}`" for name in action.option_strings) or f"`{action.metavar or action.dest}`"
        value = f" `{action.metavar}`" if action.option_strings and action.metavar else ""
        yield f"{names}{value}\n: {plain(action.help % vars(action) if action.help else '')}\n"


def plain(text: str) -> str:
    """Text without Markdown's marks."""
    return "".join(f"\\{letter}" if letter in "*_<[$|" else letter for letter in text)
