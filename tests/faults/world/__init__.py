"""What is run and broken: MongoDB, its disk and its clock, and the hosts."""
