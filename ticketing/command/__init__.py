"""The `ticketing` command: a small file for each thing that it does.

It calls the services that the API calls, and reads and writes as the API's schemas say, so no rule
stands here. What goes wrong is one sentence on standard error, and a number to tell it by
(docs/command.md).
"""
