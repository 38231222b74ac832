"""`python -m forensics`."""

from forensics.cli.main import script

script()
