"""From bytes to text: what a file says, in which language, or why it is not read."""
