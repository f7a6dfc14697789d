"""The functions: one pure calculation a file, named as the file. See app/core/functions.py."""
