"""`python -m meshloom`."""

from meshloom.cli.main import main

main()
