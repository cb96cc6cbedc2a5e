"""Do what `pip install ARGUMENTS` would do, with uv: `python -P tools/uv_as_pip.py UV ARGUMENTS`, in a .venv with pip.

uv reads neither pip's files nor its PIP_* variables. pip's own parser says here what it would act on: it has no public
interface, so where it changes this fails, and tools/setup.sh lets pip install.
"""

import os
import sys

from pip._internal.commands import create_command


def uv_arguments(arguments: list[str]) -> list[str]:
    """The arguments of `uv pip install` that stand for those of pip and for what pip is configured with."""
    options, packages = create_command("install").parser.parse_args(arguments)
    given = {
        "--default-index": [] if options.index_url == "https://pypi.org/simple" else [options.index_url],
        "--index": options.extra_index_urls,
        "--find-links": options.find_links,
        "--constraints": options.constraints,
        "--allow-insecure-host": options.trusted_hosts,
        "--only-binary": sorted(options.format_control.only_binary),
        "--no-binary": sorted(options.format_control.no_binary),
        "--editable": options.editables,
    }
    flags = {"--no-index": options.no_index, "--no-deps": options.ignore_dependencies}
    return [
        *[word for option, values in given.items() for value in values for word in (option, value)],
        *[flag for flag, wanted in flags.items() if wanted],
        "--index-strategy=unsafe-best-match",  # of all indexes the best version, as pip has it
        *packages,
    ]


def uv_environment(environment: dict[str, str]) -> dict[str, str]:
    """The environment with pip's certificates, proxy and patience, which uv takes from variables only."""
    options, _ = create_command("install").parser.parse_args([])
    settings = {
        "SSL_CERT_FILE": options.cert or environment.get("REQUESTS_CA_BUNDLE") or environment.get("CURL_CA_BUNDLE"),
        "SSL_CLIENT_CERT": options.client_cert,
        "ALL_PROXY": options.proxy,
        "UV_HTTP_TIMEOUT": str(int(max(options.timeout, 30))),  # uv's own is 30 s, pip's 15 s
    }
    return {name: value for name, value in settings.items() if value} | environment


if __name__ == "__main__":
    uv, *arguments = sys.argv[1:]
    command = [uv, "pip", "install", f"--python={sys.executable}", *uv_arguments(arguments)]
    os.execvpe(uv, command, uv_environment(dict(os.environ)))
