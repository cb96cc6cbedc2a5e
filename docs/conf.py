"""Sphinx's settings of the site; docs/build.py writes the pages' sources."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from docs.project import BUILD, REPOSITORY, SETTINGS  # noqa: E402  (the root must be on the path)
from svae_lib import __version__ as release  # noqa: E402

project = SETTINGS["project"]["name"]
author = copyright = SETTINGS["project"]["authors"][0]["name"]
version = release
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
extensions += ["docs.reference", "docs.scripts"]

nb_execution_mode = "off"
nb_ipywidgets_js = {}  # no widget manager from another machine
nb_merge_streams = True
myst_enable_extensions = ["amsmath", "attrs_inline", "deflist", "dollarmath"]
myst_heading_anchors = 3
mathjax_path = "tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}, "svg": {"fontCache": "global"}}

autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
toc_object_entries_show_parents = "hide"  # the column beside the page is narrow
autodoc_typehints_format = "short"
napoleon_use_ivar = True
napoleon_use_rtype = False
maximum_signature_line_length = 80
add_module_names = False

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = [str(BUILD / "static")]
html_extra_path = [str(BUILD / "extra")]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = str(BUILD / "static" / "favicon.svg")
html_copy_source = html_use_index = False
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
smartquotes = False  # two hyphens open a flag
html_theme_options = {
    "repository_url": REPOSITORY,
    "use_repository_button": True,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "home_page_in_toc": True,
    "show_toc_level": 2,
    "footer_content_items": [],
    "navbar_persistent": [],  # the search stands in the sidebar
}


def break_long_words(app, pagename, templatename, context, doctree) -> None:
    """Sphinx calls this with each page: a word that is too long for a phone's line may be broken, a room at its dot."""
    context["body"] = re.sub(r'<span class="pre">(?=[^<]{31})', '<span class="pre long">', context.get("body", ""))
    for side in ("prev", "next"):
        if link := context.get(side):
            context[f"{side}_title"] = link["title"].replace("svae_lib.", "svae_lib.<wbr>")


def setup(app) -> None:
    """Sphinx calls this once."""
    app.connect("html-page-context", break_long_words)
