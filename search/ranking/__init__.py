"""Ranking: what a query means, which articles answer it, and in what order.

- ``query``: what was typed → ``ReadQuery``: phrases, exclusions, terms and their weights.
- ``filters``: filters that are typed among a query's words.
- ``candidates``: looks a query up in one language, and says which stories are in its result set.
- ``relevance``: pure functions: what is known of a query and a story → the probability that it
  answers.
- ``deduplication``: one hit for all copies of a story; of its tellings the first report.
- ``snippets``: the passage that is shown of a hit, and the marks in it.
- ``suggestion``: the query with words of the archive in place of those that nobody knows.
- ``nearness``: what stories are to a draft: the same story, the same event, background.
- ``explain``: how the relevance of a hit came about.
- ``profile``: what was fitted for an encoder: the models, and its direction of language.

May import ``text``, ``encoders``, ``records``, ``errors`` and the protocol in ``stores`` – no
implementation of a store, and not ``archive``, which calls it.
"""
