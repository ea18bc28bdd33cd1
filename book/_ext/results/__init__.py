"""The results of the book, one by one: identifiers, pages, catalogue."""
