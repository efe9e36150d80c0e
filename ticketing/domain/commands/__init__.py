"""Each command with its rule, and `decide`, which applies a batch of them."""
