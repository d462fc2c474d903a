"""What every part uses: errors, files, tables, videos, records of how a result was made."""
