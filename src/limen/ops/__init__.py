"""One operator per file: attributes, shape rule, exact reference, cost, quantisation rule; see limen/program/op.py."""
