"""Libraries that quantize, behind one interface; imported only inside their environment."""
