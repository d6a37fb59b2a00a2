"""Living answers: what became of the lines that saved answers cite."""
