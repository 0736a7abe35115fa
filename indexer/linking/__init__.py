"""Linking: the same story in the other language, and copies of one story.

- ``linker``: ``link``: brings all link records of an archive up to date, in two steps that each
  keep what they have done.
- ``copies``: whether two articles of one language are copies; the keys that find candidates.
- ``pairs``: the nearest articles in the other language, and which of them are pairs.
- ``counterparts``: how well two articles in different languages fit: margin of their cosine, names
  and numbers in common, days apart.

May import ``search``: the Store protocol with its links, text, encoders' types, the profile of
ranking. It reads and writes through the store only, and imports nothing of the indexer.
"""
