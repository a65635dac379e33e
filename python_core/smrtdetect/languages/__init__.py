"""By what each programming language is told: words of its own and forms of its lines, in one table a family."""
