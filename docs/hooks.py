"""Pages of the site that lie elsewhere: README.md is its first page, config/README.md the configuration."""

from pathlib import Path

from mkdocs.structure.files import File

MOVED = {"](docs/": "](", 'src="docs/': 'src="', "](config/README.md)": "](configuration.md)"}
MOVED["[this software](CITATION.cff)"] = "this software (`CITATION.cff`)"


CONFIG = "](../config/README.md"


def on_files(files, config):
    """Add both, their links turned to where things are in the site."""
    root = Path(config.config_file_path).parent
    for file in files.documentation_pages():
        if CONFIG in file.content_string:
            file.content_string = file.content_string.replace(CONFIG, "](configuration.md")
    for name, path in (("index.md", "README.md"), ("configuration.md", "config/README.md")):
        text = (root / path).read_text()
        for old, new in MOVED.items():
            text = text.replace(old, new)
        files.append(File.generated(config, name, content=text))
    return files
