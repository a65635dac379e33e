"""Pure judgement, payload in and value out: tabs, page sources, kinds of text, exclusions."""
