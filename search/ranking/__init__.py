"""Ranking: what a query means, which articles answer it, and in what order.

- ``query``: what was typed → ``ReadQuery``: phrases, exclusions, terms for each language.
- ``candidates``: looks a query up in one language, by words and by meaning.
- ``fusion``: pure functions that combine both scores, and merge the lists of the languages.
- ``matches``: which candidates are near enough to be matches at all.
- ``deduplication``: one hit for all copies of a story.
- ``snippets``: the passage that is shown of a hit, and the marks in it.
- ``explain``: how the score of a hit came about.
- ``profile``: the constants fitted for an encoder, and its direction of language.

May import ``text``, ``encoders``, ``records``, ``errors`` and the protocol in ``stores`` – no
implementation of a store, and not ``archive``, which calls it.
"""
