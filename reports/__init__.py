"""What people read.

report       EscalationReport: every number and text of a nightly, weekly or monthly report
first_page   its first page: what moved, what is missed, what changed, what is reviewed
sections     the sections behind it: trends, open cases, drift, degraded coverage, the three layers
cases        one escalated triple as a reader sees it
night/       each section of it, read from the database
escalations  a period of the database becomes an EscalationReport
wording      what the codes are called in a report
sentences    what is said of its numbers
period_words  what its period is called
alarms       what a reader should look into besides the exchanges
charts_nightly  the charts of a report, drawn by charts
summary      the first page in a few lines, for a terminal
thumbnails   small pictures, made anew
charts       charts as inline SVG
render       EscalationReport to HTML, with templates/: report.html.j2, and a file for each section
pdf          the page as PDF, through Chromium
export       EscalationReport to JSON, every escalation to CSV and Parquet
nightly      the job that writes a report
schedule/    what comes round: each period of each job once
sending/     reports and alerts on their way, channel by channel
serve        the service: owns the database, stores what workers judged
standstill   how a turn of the service ends, so that the database file can be written anew
turns        the database and the service from one turn to the next
health       what it answers over HTTP
questions_api  what it answers other commands
agreement/   how far reviewers agree, in words, drawn, and as CSV
web/         the pages in which people read, decide and look after it, and the same as an API
retaining    what erase and retention ask, and the job retention
shown_cases  files that show a case that was erased: made again, or deleted
answers      what the schedule and deliveries are asked, answered
demo         the whole flow on the sample logs that ship with traceaudit
what_if/     what a policy would have done, with intervals
samples/     those sample logs
errors       why there is no report
"""
