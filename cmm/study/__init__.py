"""The user study (paper section 4.3, table 2): pairs of videos, a page to rate them on, and the table.

A study is a folder with `pairs.parquet` and `videos/`, whose names and contents do not say which
method made them. Answers lie in an SQLite file beside it.
"""
