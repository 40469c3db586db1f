"""Recipes: how a run trains, as `training.recipe.Recipe` reads them.

default.toml        an adapter on a model of a few billion weights
demo.toml           all weights of the demo auditor, on two CPU cores
guardtrace-3b.toml  an adapter on GuardTrace-VL-3B, on one GPU
"""
