"""What a question about known pictures costs, here and in a plain service of the usual make."""
