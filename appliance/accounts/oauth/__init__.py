"""Sign-in of programs by OAuth 2.1, as the Model Context Protocol asks: the protocol is oauthlib's,
what is kept and who is let in is decided here."""
