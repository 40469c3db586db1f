"""How far reviewers agree with each other, and with the guard, corrected for chance, with intervals.

scales        what was told apart: harmful or not, or three levels in order
ratings       cases of one kind counted once, with what each adds to the sums that coefficients are made of
coefficients  Fleiss' and Cohen's kappa, Krippendorff's alpha, Gwet's AC1 and AC2, off such sums
bootstrap     resampled cases, and the interval that they give
figures       a coefficient with its interval, or why there is none
votes         the standing votes on cases, as arrays
comparison    people among each other beside people and guard, on some cases
found         that for all cases and each part of them, for each reviewer and each pair
apart         the cases on which they are furthest apart
queries       the votes, out of the database
answers       what `traceaudit review agreement` asks for
words, as_json, cli, console  that command
"""
