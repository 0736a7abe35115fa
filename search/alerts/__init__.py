"""Saved searches that are watched: what is new for each is told once, by e-mail or on the terminal.

- ``saved_searches``: the file of saved searches → ``AlertFile``.
- ``memory``: what was told of each, in a file beside it; one run at a time.
- ``delivery``: what is new for a search, and telling it to each of its recipients.
- ``messages``: stories → the text of a message, and the e-mail.
- ``mail``: hands e-mails to a mail server.
- ``commands``: the subcommand ``alert``.

May import ``archive``, ``cli``, ``ranking``, the protocol in ``stores``, ``text`` and what
everything may import.

The way of a story: ``Archive.result_set`` finds it → neither it nor a copy of it is in the
``memory`` → the server takes the message that tells of it → then, and only then, the memory is
written.
"""
