"""Tables for people: plain HTML pages, readable without anything from elsewhere, and Markdown."""

import json
from dataclasses import dataclass
from html import escape

from cmm.core.files import atomic

STYLE = (
    "body{font:14px sans-serif;margin:1.5em}table{border-collapse:collapse}"
    "td,th{padding:.3em .8em;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}"
    "p{max-width:60em}"
)


@dataclass(frozen=True)
class Section:
    """One table of a page: its title, a line or two about it, and cells of text; **bold** is bold."""

    title: str
    head: list
    rows: list
    note: str = ""


def table_page(title, head, rows, about):
    """A page with one table; all cells are text. `about`, its provenance, stands in the head."""
    return html_page(title, [Section("", head, rows)], about)


def html_page(title, sections, about):
    """A page of tables, their provenance `about` in its head."""
    return (
        f"<!doctype html><meta charset='utf-8'><meta name='cmm' content='{escape(json.dumps(about))}'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
        f"<h3>{escape(title)}</h3>" + "\n".join(_html(section) for section in sections)
    )


def markdown_page(sections, about):
    """The same tables as Markdown, their provenance in a comment that it shows to nobody."""
    return "\n".join(_markdown(section) for section in sections) + comment(about)


def write_pages(title, sections, about, html, markdown=None):
    """Write the page and, where asked for, the same as Markdown."""
    with atomic(html) as partial:
        partial.write_text(html_page(title, sections, about))
    if markdown is not None:
        with atomic(markdown) as partial:
            partial.write_text(markdown_page(sections, about))


def comment(about):
    """Provenance as the last line of a Markdown file."""
    return f"\n<!-- cmm: {escape(json.dumps(about), quote=False)} -->\n"


def _html(section):
    title = f"<h4>{escape(section.title)}</h4>" if section.title else ""
    note = f"<p>{escape(section.note)}</p>" if section.note else ""
    return f"{title}{note}{table_rows(section.head, section.rows)}\n"


def table_rows(head, rows):
    """A table element; all cells are text, **bold** is bold."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "\n".join("<tr>" + "".join(f"<td>{_bold(escape(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead>\n<tbody>{body}</tbody></table>"


def _bold(text):
    return f"<b>{text[2:-2]}</b>" if len(text) > 4 and text.startswith("**") and text.endswith("**") else text


def _markdown(section):
    lines = [f"### {section.title}\n"] if section.title else []
    lines += [f"{section.note}\n"] if section.note else []
    return "\n".join([*lines, markdown_table(section.head, section.rows)]) + "\n"


def markdown_table(head, rows):
    """A table in Markdown; all cells are text."""
    cells = [["".join("\\|" if c == "|" else c for c in cell) for cell in row] for row in [head, *rows]]
    table = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join([table[0], "|" + " --- |" * len(head), *table[1:]])
