"""How far reviewers agree, as people read it: auditor/agreement measures it.

sentences  what a figure means, in words
charts     figures with their intervals, drawn
as_csv     every figure as a line of a table
"""
