"""Trains the static embedding model on pairs of what people say and the code it is about.

Nothing here knows the product or its database: pairs in, weights out. See the model card in
`inference/weights/`.
"""
