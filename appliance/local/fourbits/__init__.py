"""A model in 4 bits from end to end on one machine: quantized, compared, served, asked through the product."""
