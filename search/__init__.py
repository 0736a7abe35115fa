"""What an article is, how text is read, where articles are kept and how they are found."""
