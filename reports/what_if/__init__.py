"""What a policy would have done: from stored scores and a reviewed sample, without judging anything anew.

weights      how many exchanges each reviewed one stands for
estimates    harmful shares and numbers with intervals, or too few reviews to tell
"""
