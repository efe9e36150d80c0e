"""The rules and the words of the trade: pure, without HTTP, MongoDB or a clock."""
