"""Plain HTML pages of tables, readable without anything from elsewhere."""

import json
from html import escape

STYLE = (
    "body{font:14px sans-serif;margin:1.5em}table{border-collapse:collapse}"
    "td,th{padding:.3em .8em;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}"
)


def comment(about):
    """Provenance as the last line of a Markdown file, which shows it to nobody."""
    return f"\n<!-- cmm: {escape(json.dumps(about), quote=False)} -->\n"


def table_page(title, head, rows, about):
    """A page with one table; all cells are text. `about`, its provenance, stands in the head."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f"<!doctype html><meta charset='utf-8'><meta name='cmm' content='{escape(json.dumps(about))}'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
        f"<h3>{escape(title)}</h3><table><tr>{top}</tr>\n{body}</table>\n"
    )
