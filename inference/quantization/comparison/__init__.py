"""What a quantized model lost against the one it was made from: measured, judged, told."""
