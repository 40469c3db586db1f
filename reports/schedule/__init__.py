"""What comes round: reports, checkpoints, the golden set. Each period of a job runs once, whoever asks how often.

cron         when a job was due, given a cron expression and two instants
plan         the jobs that a configuration asks for, and what a period is about
store_runs   job_runs and job_leases: what is due, who runs it, what came of it
runner       runs what is due, oldest first, under a lease
wanted       a period that a person wants to be run now
jobs         what each job does
children     what takes long: in a process of its own, with caps on time and memory
golden       the golden set
store_news   what reviewers said since a job last took it into account
calibrate    the risk, once enough was voted
retrain      the guard, once enough cases were agreed on
timetable    APScheduler, which rings when a job is due
service      the threads that do all this inside `serve` and `run`
cli          the command schedule
"""

# job -> what does it, as "module:function", imported when it runs
JOBS = {
    "nightly": "reports.schedule.jobs:report",
    "weekly": "reports.schedule.jobs:report",
    "monthly": "reports.schedule.jobs:report",
    "checkpoint": "reports.schedule.jobs:checkpoint",
    "golden": "reports.schedule.golden:golden",
    "calibrate": "reports.schedule.calibrate:calibrate",
    "retrain": "reports.schedule.retrain:retrain",
    "retention": "reports.retaining:retention",
}
