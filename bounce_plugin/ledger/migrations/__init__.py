"""How did the tables become what they are? One module for each step, run by alembic."""
