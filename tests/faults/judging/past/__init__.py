"""What has happened, by the audit, and who knew of it when."""
