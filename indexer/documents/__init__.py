"""Documents that are not text themselves: from their bytes to lines, with the places of their parts."""
