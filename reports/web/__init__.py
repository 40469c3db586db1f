"""The pages of the service, and the same as JSON.

site        what the pages have of the process that serves them
visit       one request of one person: who it is, and what of the database it sees
origin      whether a request is meant for us, and sent by a page of ours; pure
guard       stands before all routes, and says what browsers may do with our pages
entrance    what lets people in: passwords, the one-time link, cookies
authentication  who sends a request
app         the routes of pages, API and static files on the service's application
pages/      a file for each page
api/        a file for each part of the API
opened      a case that a person opens: noted, then read as far as this person may know it
case_view   its texts and sentences as the page shows them; pure
found       cases that a person looks for, and those like one
queue_form  what the forms of queue and case carry; pure
pictures    images of a log, drawn anew in a process apart
forms       the fields of a form
policies    what is told of policies, and may be done about them
operations  how the service stands: what waits, runs and failed
trail, deeds  the audit trail, and what its events are called
given       fields of forms that browsers send empty
agreement   what is told of agreement, kept for each sight
thresholds_form  the form of the page of thresholds, read and shown
unseen      what a report leaves out for who may vote
models      what judged since when
versions    models of the registry: candidates, what a gate found of them, and who let them serve
gate_view   what a gate found as the page shows it; pure
live, night_files  the report as it is now, and the files of earlier ones
kept, marks  what takes long to make of the data is kept until they change
view        a template with what each page shows around it
problems    what goes back where something goes wrong
static/     the style sheet, and the little script for keys and parts of pages
"""
