"""Looking around in the code: folders, files and their past, as far as a reader may read them."""
