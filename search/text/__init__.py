"""Text in Vietnamese and English. Pure functions and tables: no store, no model, no other room.

- ``languages``: the languages Songngu reads: tokens, folding, compounds, stems, stop words; what
  both stores index.
- ``detection``: which language a text is in, and whether Vietnamese was typed with its diacritics.
- ``syllables``, ``syllable_model``: which strings are Vietnamese syllables; how probable each is
  after the two before it.
- ``diacritics``: restores diacritics that were not typed, by that model.
- ``keyboard``: reads keys of Telex and VNI that an input method left in a text.
- ``quantities``: dates and numbers as one token each, however either language writes them.
- ``numerals``: every number of a text, in digits or in words.
- ``comparison``: two tellings of a story against each other: their numbers, dates and names.
- ``shorthand``: syllables run together, abbreviations.
- ``spelling``: which of an archive's words was meant by one that it does not have.
- ``information``: how much a word tells: rare ones much, common ones little.
- ``agencies``: lines that name a place and an agency before a story.
- ``sentences``: where sentences begin and end.
- ``overlap``: what two texts have in common: runs of words, names and numbers.
- ``cognates``: names, numbers and acronyms that are written alike in every language.
"""
