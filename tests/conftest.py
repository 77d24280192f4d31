"""What every test may use."""

pytest_plugins = ["tests.world", "tests.servers.fixtures", "tests.servers.ledgers"]
