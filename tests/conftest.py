"""What every test may use."""

pytest_plugins = ["tests.world", "tests.servers.fixtures", "tests.servers.oauth_world", "tests.servers.ledgers"]
