"""`python -m bounce_plugin` is `bounce-plugin`."""

from bounce_plugin.cli import main

main()
