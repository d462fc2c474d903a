"""Completion of verbs, flags and choices, for bash, zsh, fish or tcsh.

Print it once and have the shell read it: cmm completion bash > ~/.local/share/bash-completion/completions/cmm
"""

import argparse
from importlib import import_module
from typing import Annotated

import shtab

from cmm.cli import build_parser
from cmm.core.errors import UserError

EXAMPLES = (
    "cmm completion bash > ~/.local/share/bash-completion/completions/cmm",
    "cmm completion zsh > ~/.zfunc/_cmm",
)


def main(shell: Annotated[str, f"one of {', '.join(shtab.SUPPORTED_SHELLS)}", "positional"]):
    """Print the script of a shell."""
    if shell not in shtab.SUPPORTED_SHELLS:
        raise UserError(f"no completion for {shell!r}: there are {', '.join(shtab.SUPPORTED_SHELLS)}")
    print(shtab.complete(whole(), shell))


def whole():
    """One argparse parser of all verbs."""
    stages = import_module("cmm.commands").STAGES  # by name: whoever imports this module has not read all methods
    parser = argparse.ArgumentParser("cmm")
    verbs = parser.add_subparsers(dest="verb")
    for verb, stage in stages.items():
        own = build_parser(verb, import_module(stage.module))
        verbs.add_parser(verb, help=stage.summary.replace("%", "%%"), parents=[own], add_help=False)
    return parser
