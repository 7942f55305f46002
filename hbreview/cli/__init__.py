"""The flask commands: parse, call an act or a query, print."""
