"""How is it said in a person's language? One table of words for each."""
