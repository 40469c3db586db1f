"""Who may see and do what.

person      people, their roles, and the rights that these give; pure
sight       what of the database a person sees: the tenants, and others' votes only once they cannot sway
store_users  users in the database
passwords   as they are kept
rate        how often somebody may try to log in; pure
login       logging in with name and password
sessions    signed cookies
tokens      API tokens, what is kept of them, and what they may do
store_tokens  tokens in the database, and sessions that were ended
proxy       people whom a proxy before the service has logged in; pure
answers     what the command users asks, answered
cli         the command users
"""
