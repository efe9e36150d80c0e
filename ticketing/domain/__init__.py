"""The rules and the words of the office: pure, without HTTP, MongoDB or a clock."""
