"""What is sent where: reports when they are made, alerts when something urgent is stored.

message           what is sent: counts and ids; with a case for each escalation where a channel wants them
wording           the same as text for people
store_deliveries  what is to be sent, what was, and what failed
store_cases       the escalated cases of a period, and what is urgent and new
queue             a made report or an alert, once for each delivery that wants it
urgent            finds what is urgent, and queues alerts without a storm
sender            sends what is queued, again and again until it went or was given up
wanted            something that a person wants to be sent again
pauses            how long to wait between tries
channel           what all channels are, and how one fails
files, mail, webhook, topic, siem   the channels
cef, ocsf         a case as a line for a SIEM
cli               the command deliveries
"""

# channel -> what makes one, as "module:function", imported when it is used
CHANNELS = {
    "files": "reports.sending.files:files",
    "email": "reports.sending.mail:mail",
    "webhook": "reports.sending.webhook:webhook",
    "kafka": "reports.sending.topic:topic",
    "siem": "reports.sending.siem:siem",
}
