"""The command line: it parses, calls one service, shows the result; one module a command group."""
