"""Who may see and do what.

person      people, their roles, and the rights that these give; pure
sight       what of the database a person sees: the tenants, and others' votes only once they cannot sway
"""
