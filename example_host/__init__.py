"""A small CRM of a rowing club, and how it uses the bounce plugin: the example that hosts copy."""
