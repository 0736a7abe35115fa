"""Raw page → the fields of its article: web pages in HTML, and the text of whole pages.

A web page (``html.extract_page``): ``markup`` makes elements of bytes, ``metadata`` reads what its
head says, ``blocks`` lists what it shows in order, ``titles`` chooses the headline. trafilatura
says which blocks are told (``telling``); ``story`` adds what it misses (lead, captions, byline,
date, pieces lost) and takes away what lines of furniture say of themselves; ``refusals`` knows the
pages without an article.

Page text (``text.clean_page``), as copying all of a page gives it: ``lines`` judges each line,
``surroundings`` finds title, lead, date and names beside the body. For dates and names both ways go
the same steps: ``dates`` and ``bylines`` read them as publishers write them, ``lines`` knows the
lines with one, and ``surroundings`` which of these are the story's.

Nothing here opens files or sockets. ``prose`` is also for text that comes in fields. May import
``indexer.charsets`` and ``search.text``: where a page comes from is not known here, so neither
``sources`` nor ``fetching``.
"""
