"""Labelled rows and reviewed cases in, a guard model out.

errors      why nothing is trained
items       what is learned from: triple, label, votes, texts
votes       what the votes on a triple come to
annotating  judges that say what the guard should say of a case
choosing    which cases may be learned from, and which never
files       items in a folder
rows_items  rows of files as items
recipe      how a run trains: the knobs of its stages
run         one training from reviewed cases to a candidate in the registry
stages      SFT, DPO, OGDPO: a checkpoint and items in, a whole checkpoint out
memory      what a training needs of a device's memory
dry_run     a training without the training: every batch built and looked at
baseline    TF-IDF and logistic regression: what a guard has to beat
gate        a candidate beside the guard that serves, check by check
demo        the demo checkpoint: tokenizer, architecture, training, model card
"""
