"""The course: figures, panels and exercise checks that only the chapters in notebooks/ need.

A chapter takes what it shows from its own package: `from svae_course.chapter_03 import exercises as check, figures`.
`svae_lib` never imports this package.
"""

from svae_lib.errors import import_optional

for _module in ("ipywidgets", "anywidget", "plotly", "airportsdata"):
    import_optional(_module, extra="course")  # one line with the pip command where the extra is missing

from svae_course.stored_files import stored, stored_model, stored_records, stored_runs  # noqa: E402  (after that line)

__all__ = ["stored", "stored_model", "stored_records", "stored_runs"]
