"""Tables of counts and fitted constants that ship with the package.

- ``build_tables``: makes the tables of counts from collections of text; README.md says from which.
"""
